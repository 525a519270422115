// json and docker: values of a JSON object are extracted.
#include "absl/strings/str_cat.h"
#include "agent/stages/json_values.h"
#include "agent/stages/options.h"
#include "base/rfc3339.h"

namespace logi::agent {
namespace {

struct JsonOptions {
    std::vector<std::pair<std::string, jmespath::Expression>> expressions;
    std::optional<std::string> source;
    bool drop_malformed = false;
};

class JsonStage final : public Stage {
  public:
    JsonStage(std::shared_ptr<const JsonOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto text = text_of(entry, options_->source);
        if (!text.has_value()) {
            return Verdict::kPass;
        }
        if (!values_.parse(*text)) {
            return options_->drop_malformed ? Verdict::kDrop : Verdict::kPass;
        }
        for (const auto& [name, expression] : options_->expressions) {
            switch (values_.find(expression, value_)) {
                case JsonValues::Found::kText:
                    entry.extracted.set(name, value_);
                    break;
                case JsonValues::Found::kNull:
                    entry.extracted.set_null(name);
                    break;
                case JsonValues::Found::kNothing:
                    break;
            }
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const JsonOptions> options_;
    JsonValues values_;
    std::string value_;
};

struct DockerPaths {
    jmespath::Expression log = *jmespath::Expression::parse("log");
    jmespath::Expression stream = *jmespath::Expression::parse("stream");
    jmespath::Expression time = *jmespath::Expression::parse("time");
};

// What Docker's json-file driver writes: {"log":"…\n","stream":"stdout","time":"…"}.
class DockerStage final : public Stage {
  public:
    DockerStage(std::shared_ptr<const DockerPaths> paths, const StageContext&)
        : paths_(std::move(paths)) {}

    Verdict process(Entry& entry) override {
        if (!values_.parse(entry.line)) {
            return Verdict::kPass;
        }
        if (extract(entry, paths_->stream, "stream")) {
            entry.labels.set("stream", value_);
        }
        if (extract(entry, paths_->time, "timestamp")) {
            if (const auto time = parse_rfc3339(value_); time.ok()) {
                entry.time = *time;
            }
        }
        if (extract(entry, paths_->log, "output")) {
            entry.set_line(value_);
        }
        return Verdict::kPass;
    }

  private:
    bool extract(Entry& entry, const jmespath::Expression& expression, std::string_view name) {
        if (values_.find(expression, value_) != JsonValues::Found::kText) {
            entry.extracted.set_null(name);
            return false;
        }
        entry.extracted.set(name, value_);
        return true;
    }
    std::shared_ptr<const DockerPaths> paths_;
    JsonValues values_;
    std::string value_;
};

}  // namespace

StageMaker read_json_stage(const YAML::Node& options) {
    JsonOptions o;
    TextMap expressions;
    config::read_keys(options,
                      "the stage 'json'",
                      {{"expressions", set_text_map(expressions)},
                       {"source", set_optional(o.source)},
                       {"drop_malformed", config::set(o.drop_malformed)}});
    if (expressions.empty()) {
        config::refuse(options, "the stage 'json' needs expressions");
    }
    for (const auto& [name, expression] : expressions) {
        o.expressions.emplace_back(
            name,
            config::checked(options["expressions"],
                            jmespath::Expression::parse(expression.empty() ? name : expression)));
    }
    return maker_of<JsonStage>(std::move(o));
}

StageMaker read_docker_stage(const YAML::Node& options) {
    if (!options.IsNull()) {
        config::read_keys(options, "the stage 'docker'", {});
    }
    return maker_of<DockerStage>(DockerPaths());
}

}  // namespace logi::agent
