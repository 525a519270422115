#include "fields/logfmt_parser.h"

#include "fields/logfmt_scanner.h"
#include "fields/names.h"

namespace logi::fields {

ParseError LogfmtParser::parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
    LogfmtScanner scanner(line, scratch.value);
    while (!scanner.at_end()) {
        if (!scanner.next()) {
            if (options_.strict && scanner.fault() != LogfmtFault::kNone) {
                scanner.describe_fault(scratch.details);
                return {kLogfmtError, scratch.details};
            }
            continue;
        }
        if (scanner.value().empty() && !options_.keep_empty) {
            continue;
        }
        const std::string_view name = sanitised_name(scanner.key(), scratch.name);
        if (name.empty() || !sink.wants(name)) {
            continue;
        }
        if (!sink.add(name, valid_value(scanner.value(), scratch.value))) {
            return {};
        }
    }
    return {};
}

}  // namespace logi::fields
