// The stage `| regexp "(?P<name>…)"`.
#pragma once

#include "base/status.h"
#include "fields/field_sink.h"
#include "fields/outline.h"
#include "regex/program.h"
#include "regex/regex.h"

#include <memory>
#include <optional>
#include <string_view>

namespace logi::fields {

class RegexpParser {
  public:
    // kInvalidArgument in Loki's words, such as "at least one named capture must be supplied".
    static StatusOr<RegexpParser> compile(std::string_view pattern);

    // The named groups of the first match; one that took no part is empty.
    void parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;
    // What parse() finds in lines of these pieces. `hints`, one per hole or none, are what holes
    // are likely to hold: rules that such values keep are chosen, if there are any. Nothing where
    // what is found depends on more than rules can say.
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces,
                                                 absl::Span<const HoleHint> hints) const;

  private:
    RegexpParser(std::shared_ptr<const regex::Regex> regex,
                 std::shared_ptr<const regex::Program> program)
        : regex_(std::move(regex)), program_(std::move(program)) {}

    std::shared_ptr<const regex::Regex> regex_;
    std::shared_ptr<const regex::Program> program_;  // null: it has none
};

}  // namespace logi::fields
