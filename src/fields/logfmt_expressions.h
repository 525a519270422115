// The stage `| logfmt a, b="key"`: the fields that are asked for, and no others.
#pragma once

#include "base/status.h"
#include "fields/extraction.h"
#include "fields/field_sink.h"
#include "fields/logfmt_parser.h"

#include <string_view>
#include <vector>

namespace logi::fields {

class LogfmtExpressions {
  public:
    // An expression is one key as it looks after sanitising. kInvalidArgument in Loki's words:
    // "cannot parse expression [a b]: syntax error: unexpected KEY".
    static StatusOr<LogfmtExpressions> compile(std::vector<Extraction> extractions,
                                               LogfmtParser::Options options);

    // Every label is empty until its key comes; the last value of a key stays.
    ParseError parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;
    // What parse() finds in lines of these pieces. Nothing where that depends on what is between.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const;

  private:
    LogfmtExpressions(std::vector<Extraction> extractions, LogfmtParser::Options options)
        : extractions_(std::move(extractions)), options_(options) {}
    std::vector<Extraction> extractions_;
    LogfmtParser::Options options_;
};

}  // namespace logi::fields
