#include "fields/logfmt_parser.h"

#include "fields/logfmt_pairs.h"
#include "fields/names.h"

namespace logi::fields {

ParseError LogfmtParser::parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
    return for_each_pair(
        line, options_, scratch, [&](std::string_view key, std::string_view value) {
            const std::string_view name = sanitised_name(key, scratch.name);
            return name.empty() || !sink.wants(name) ||
                   sink.add(name, valid_value(value, scratch.value));
        });
}

}  // namespace logi::fields
