#include "template/frame.h"

#include "absl/strings/str_cat.h"

#include <algorithm>

namespace logi::tmpl {
namespace {

Status out_of_memory() {
    return absl::ResourceExhaustedError(
        absl::StrCat("the template needs more than ", kMemoryBytesMax, " bytes"));
}

}  // namespace

StatusOr<Value> Frame::string(std::string_view text) {
    const auto copy = arena_.copy(text);
    return copy ? StatusOr<Value>(Value::string(*copy)) : out_of_memory();
}

StatusOr<Value> Frame::list(const std::vector<Value>& items) {
    const auto copy = arena_.copy(items);
    return copy ? StatusOr<Value>(Value::list(*copy)) : out_of_memory();
}

StatusOr<Value> Frame::map(const std::vector<MapEntry>& entries) {
    const auto copy = arena_.copy(entries);
    return copy ? StatusOr<Value>(Value::map(*copy)) : out_of_memory();
}

StatusOr<Value> Frame::finish(const Sink& sink) {
    if (sink.full()) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the result is longer than ", kOutputBytesMax, " bytes"));
    }
    return string(sink.text());
}

StatusOr<Value> Frame::resolved(const Value& value) {
    if (!value.is(Kind::kLabels) || value.has_entries()) {
        return value;
    }
    if (!labels_) {
        std::vector<std::pair<std::string_view, std::string_view>> pairs;
        context_.all_labels(pairs);
        std::sort(pairs.begin(), pairs.end());
        std::vector<MapEntry> entries;
        entries.reserve(pairs.size());
        for (const auto& [name, text] : pairs) {
            entries.push_back({name, Value::string(text)});
        }
        LOGI_ASSIGN_OR_RETURN(const Value map_value, map(entries));
        labels_ = Value::labels(map_value.as_map());
    }
    return *labels_;
}

}  // namespace logi::tmpl
