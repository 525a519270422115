// Values of a JSON text, found by JMESPath.
#pragma once

#include "agent/jmespath/expression.h"

#include <memory>
#include <string>
#include <string_view>

namespace logi::agent {

// One text at a time, one task at a time.
class JsonValues {
  public:
    JsonValues();
    ~JsonValues();
    // False if the text is no JSON object.
    bool parse(std::string_view text);

    enum class Found { kNothing, kNull, kText };  // kNothing: the expression does not fit
    // The value as a text, which replaces `out`: strings as they are, numbers as plain decimals,
    // objects and arrays as JSON. What is not there is null, as in JMESPath.
    Found find(const jmespath::Expression& expression, std::string& out) const;

  private:
    Found search(const jmespath::Expression& expression, std::string& out) const;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace logi::agent
