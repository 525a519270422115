#include "fields/json_expressions.h"

#include "absl/strings/str_cat.h"
#include "fields/json_path_scan.h"
#include "fields/json_text.h"

namespace logi::fields {
namespace {

class PathTaker {
  public:
    PathTaker(const std::vector<std::string>& labels, FieldSink& sink, Scratch& scratch)
        : labels_(labels), sink_(sink), scratch_(scratch) {}
    bool takes(std::size_t path, const JsonValue& value) {
        return sink_.set(labels_[path], label_value(value));
    }
    void misses(std::size_t path) { sink_.set_missing(labels_[path], true); }

  private:
    std::string_view label_value(const JsonValue& value) {
        if (value.type == JsonType::kNull) {
            return {};
        }
        if (value.type == JsonType::kObject) {
            return value.text;
        }
        // An array too loses its escapes, as in Loki.
        const bool escaped = value.text.find('\\') != std::string_view::npos;
        return json_label_value(value.text, escaped, scratch_.value);
    }

    const std::vector<std::string>& labels_;
    FieldSink& sink_;
    Scratch& scratch_;
};

}  // namespace

StatusOr<JsonExpressions> JsonExpressions::compile(const std::vector<Extraction>& extractions) {
    JsonExpressions out;
    for (const auto& extraction : extractions) {
        auto path = parse_json_path(extraction.expression);
        if (!path.ok()) {
            return absl::InvalidArgumentError(absl::StrCat("cannot parse expression [",
                                                           extraction.expression,
                                                           "]: ",
                                                           path.status().message()));
        }
        out.depth_max_ = std::max(out.depth_max_, path->size());
        out.labels_.push_back(extraction.label);
        out.paths_.push_back(*std::move(path));
    }
    return out;
}

ParseError JsonExpressions::parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
    if (line.empty()) {
        return {};
    }
    if (!begins_json(line[0])) {
        return {kJsonError, {}};
    }
    PathTaker taker(labels_, sink, scratch);
    const JsonError error = JsonPathScan(paths_, depth_max_, line, taker, scratch).run();
    return error == JsonError::kNone ? ParseError()
                                     : ParseError{kJsonError, json_error_text(error)};
}

}  // namespace logi::fields
