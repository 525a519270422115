// The stage `| regexp "(?P<name>…)"`.
#pragma once

#include "base/status.h"
#include "fields/field_sink.h"
#include "regex/regex.h"

#include <memory>
#include <string_view>

namespace logi::fields {

class RegexpParser {
  public:
    // kInvalidArgument in Loki's words, such as "at least one named capture must be supplied".
    static StatusOr<RegexpParser> compile(std::string_view pattern);

    // The named groups of the first match; one that took no part is empty.
    void parse(std::string_view line, FieldSink& sink, Scratch& scratch) const;

  private:
    explicit RegexpParser(std::shared_ptr<const regex::Regex> regex) : regex_(std::move(regex)) {}
    std::shared_ptr<const regex::Regex> regex_;
};

}  // namespace logi::fields
