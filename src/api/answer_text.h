// Texts of answers, measured before they are made: a text that a query has no memory for is never
// begun, and none is moved while it grows.
#pragma once

#include "absl/strings/str_cat.h"
#include "exec/memory_budget.h"
#include "model/labels.h"
#include "wire/json_text.h"

#include <string>
#include <string_view>
#include <vector>

namespace logi::api {

// Takes what a text takes and keeps only its size.
class TextSize {
  public:
    void append(std::string_view text) { bytes_ += text.size(); }
    void append_json(std::string_view text) { bytes_ += wire::json_string_size(text); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

  private:
    std::size_t bytes_ = 0;
};

class Text {
  public:
    void reserve(std::size_t bytes) { text_.reserve(bytes); }
    void append(std::string_view text) { text_.append(text); }
    void append_json(std::string_view text) { wire::append_json_string(text_, text); }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

// What write(out) appends to a TextSize, and then to a Text: twice the same, or less the second
// time. kResourceExhausted if it is more than `bytes_max`.
template <typename Write>
StatusOr<std::string> bounded_text(std::int64_t bytes_max, Write write) {
    TextSize size;
    write(size);
    LOGI_RETURN_IF_ERROR(
        exec::MemoryBudget(bytes_max).charge(static_cast<std::int64_t>(size.bytes())));
    Text text;
    text.reserve(size.bytes());
    write(text);
    return text.take();
}

template <typename Out, typename Part>
void put_part(Out& out, const Part& part) {
    if constexpr (std::is_convertible_v<Part, std::string_view>) {
        out.append(part);
    } else {
        const absl::AlphaNum number(part);
        out.append({number.data(), number.size()});
    }
}

// Texts and numbers as they are.
template <typename Out, typename... Parts>
void put(Out& out, const Parts&... parts) {
    (put_part(out, parts), ...);
}

template <typename Out>
void put_strings(Out& out, const std::vector<std::string>& strings) {
    out.append("[");
    for (std::size_t i = 0; i < strings.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        out.append_json(strings[i]);
    }
    out.append("]");
}

// Nothing for an empty list.
template <typename Out>
void put_list(Out& out, std::string_view key, const std::vector<std::string>& strings) {
    if (!strings.empty()) {
        out.append(key);
        put_strings(out, strings);
    }
}

template <typename Out>
void put_warnings(Out& out, const std::vector<std::string>& warnings) {
    put_list(out, ",\"warnings\":", warnings);
}

template <typename Out>
void put_pairs(Out& out, const std::vector<LabelPair>& pairs) {
    out.append("{");
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        out.append(i == 0 ? "" : ",");
        out.append_json(pairs[i].name);
        out.append(":");
        out.append_json(pairs[i].value);
    }
    out.append("}");
}

}  // namespace logi::api
