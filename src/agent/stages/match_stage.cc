// match: stages for those entries that a selector with line filters picks, or their end.
#include "agent/stages/options.h"
#include "exec/stage.h"
#include "logql/parser.h"

#include <algorithm>

namespace logi::agent {
namespace {

struct MatchOptions {
    std::vector<Matcher> matchers;
    std::vector<regex::LineFilter> filters;
    PipelineSpec stages;
    bool drop = false;
    std::string reason = "match_stage";
};

class MatchStage final : public Stage {
  public:
    MatchStage(std::shared_ptr<const MatchOptions> options, const StageContext& context)
        : options_(std::move(options)),
          stages_(options_->stages, context),
          dropped_(dropped_lines(context, options_->reason)) {}

    Verdict process(Entry& entry) override {
        if (!matches(entry)) {
            return Verdict::kPass;
        }
        if (options_->drop) {
            dropped_.add();
            return Verdict::kDrop;
        }
        return stages_.process(entry);
    }
    bool release(Timestamp now, bool all, Entry& entry) override {
        return stages_.release(now, all, entry);
    }
    [[nodiscard]] std::optional<std::uint64_t> held_from() const override {
        return stages_.held_from();
    }

  private:
    [[nodiscard]] bool matches(const Entry& entry) const {
        return std::all_of(
                   options_->matchers.begin(),
                   options_->matchers.end(),
                   [&](const Matcher& matcher) {
                       const std::string* value = entry.labels.find(matcher.name());
                       return matcher.matches(value == nullptr ? std::string_view() : *value);
                   }) &&
               std::all_of(
                   options_->filters.begin(),
                   options_->filters.end(),
                   [&](const regex::LineFilter& filter) { return filter.passes(entry.line); });
    }

    std::shared_ptr<const MatchOptions> options_;
    Pipeline stages_;
    base::Counter dropped_;
};

void read_selector(const YAML::Node& node, MatchOptions& o) {
    auto log = logql::parse_log_query(config::scalar<std::string>(node, "a selector"),
                                      logql::Selective::kAny);
    if (!log.ok()) {
        config::refuse(node, std::string(message_of(log.status())));
    }
    o.matchers = std::move(log->matchers);
    for (const auto& stage : log->stages) {
        const auto* filter = std::get_if<logql::LineFilterStage>(&stage);
        if (filter == nullptr) {
            config::refuse(node, "a selector may have line filters, and no other stages");
        }
        o.filters.push_back(config::checked(node, exec::compile_line_filter(*filter)));
    }
}

}  // namespace

StageMaker read_match_stage(const YAML::Node& options) {
    MatchOptions o;
    std::string action = "keep";
    std::string pipeline_name;  // of a histogram that nobody keeps here
    bool selected = false;
    config::read_keys(options,
                      "the stage 'match'",
                      {{"selector",
                        [&](const YAML::Node& v) {
                            read_selector(v, o);
                            selected = true;
                        }},
                       {"pipeline_name", config::set(pipeline_name)},
                       {"action", config::set(action)},
                       {"drop_counter_reason", config::set(o.reason)},
                       {"stages", [&](const YAML::Node& v) {
                            o.stages = read_pipeline(v);
                        }}});
    if (!selected) {
        config::refuse(options, "the stage 'match' needs a selector");
    }
    if (action != "keep" && action != "drop") {
        config::refuse(options["action"], "expected keep or drop");
    }
    o.drop = action == "drop";
    if (o.drop != o.stages.stages.empty()) {
        config::refuse(options,
                       o.drop ? "the stage 'match' that drops has no stages"
                              : "the stage 'match' needs stages");
    }
    return maker_of<MatchStage>(std::move(o));
}

}  // namespace logi::agent
