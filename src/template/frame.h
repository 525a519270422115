// What a function sees of the execution that calls it.
#pragma once

#include "base/status.h"
#include "template/arena.h"
#include "template/context.h"
#include "template/limits.h"
#include "template/regex_cache.h"
#include "template/sink.h"
#include "template/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::tmpl {

class Frame {
  public:
    // Both must outlive the frame.
    Frame(const Context& context, RegexCache& regexes)
        : context_(context), regexes_(regexes), arena_(kMemoryBytesMax) {}

    [[nodiscard]] const Context& context() const { return context_; }
    [[nodiscard]] RegexCache& regexes() { return regexes_; }

    // Values that live as long as the execution. kResourceExhausted when its memory is used up.
    StatusOr<Value> string(std::string_view text);
    StatusOr<Value> list(const std::vector<Value>& items);
    // `entries` sorted by key, keys unique.
    StatusOr<Value> map(const std::vector<MapEntry>& entries);

    // Runs `write` with a sink and makes a string of what it wrote, at most kOutputBytesMax. Not
    // from within another `write`.
    template <typename Write>
    StatusOr<Value> written(Write write) {
        scratch_.clear();
        Sink sink(scratch_, kOutputBytesMax);
        write(sink);
        return finish(sink);
    }

    // Labels with their entries; any other value as it is.
    StatusOr<Value> resolved(const Value& value);

  private:
    StatusOr<Value> finish(const Sink& sink);

    const Context& context_;
    RegexCache& regexes_;
    Arena arena_;
    std::string scratch_;
    std::optional<Value> labels_;
};

}  // namespace logi::tmpl
