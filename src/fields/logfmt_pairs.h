// The loop over a line's pairs that the two stages on logfmt have in common.
#pragma once

#include "fields/field_sink.h"
#include "fields/logfmt_parser.h"
#include "fields/logfmt_scanner.h"

#include <string_view>

namespace logi::fields {

// Calls found(key, value) for the pairs that the options let through, until it returns false. The
// error of a malformed pair, if they are strict.
template <typename Found>
ParseError for_each_pair(std::string_view line,
                         const LogfmtParser::Options& options,
                         Scratch& scratch,
                         Found found) {
    LogfmtScanner scanner(line, scratch.value);
    while (!scanner.at_end()) {
        if (!scanner.next()) {
            if (options.strict && scanner.fault() != LogfmtFault::kNone) {
                scanner.describe_fault(scratch.details);
                return {kLogfmtError, scratch.details};
            }
            continue;
        }
        if (!options.gives(scanner.value())) {
            continue;
        }
        if (!found(scanner.key(), scanner.value())) {
            return {};
        }
    }
    return {};
}

}  // namespace logi::fields
