// drop: ends entries for which all the given conditions hold.
#include "agent/stages/options.h"

#include <algorithm>

namespace logi::agent {
namespace {

struct DropOptions {
    std::vector<std::string> sources;
    std::string separator = ";";
    std::optional<std::string> value;
    RegexPtr expression;
    std::optional<Duration> older_than;
    std::optional<std::int64_t> longer_than;
    std::string reason = "drop_stage";
};

class DropStage final : public Stage {
  public:
    DropStage(std::shared_ptr<const DropOptions> options, const StageContext& context)
        : options_(std::move(options)),
          clock_(context.clock),
          dropped_(dropped_lines(context, options_->reason)) {}

    Verdict process(Entry& entry) override {
        const DropOptions& o = *options_;
        if (o.longer_than.has_value() &&
            entry.line.size() <= static_cast<std::size_t>(*o.longer_than)) {
            return Verdict::kPass;
        }
        if (o.older_than.has_value() && entry.time >= clock_.now() - *o.older_than) {
            return Verdict::kPass;
        }
        if (o.sources.empty() ? o.expression != nullptr && !o.expression->matches(entry.line)
                              : !sources_match(entry)) {
            return Verdict::kPass;
        }
        dropped_.add();
        return Verdict::kDrop;
    }

  private:
    [[nodiscard]] bool sources_match(const Entry& entry) const {
        const DropOptions& o = *options_;
        std::string joined;
        for (std::size_t i = 0; i < o.sources.size(); ++i) {
            const auto text = entry.extracted.find(o.sources[i]);
            if (!text.has_value()) {
                return false;
            }
            joined.append(i == 0 ? "" : o.separator).append(*text);
        }
        if (o.expression != nullptr) {
            return o.expression->matches(joined);
        }
        return !o.value.has_value() || joined == *o.value;
    }

    std::shared_ptr<const DropOptions> options_;
    const io::Clock& clock_;
    base::Counter dropped_;
};

config::Setter set_sources(std::vector<std::string>& target) {
    return [&target](const YAML::Node& v) {
        if (v.IsSequence()) {
            config::set(target)(v);
        } else {
            target = {config::scalar<std::string>(v, "a name or a list of names")};
        }
    };
}

}  // namespace

StageMaker read_drop_stage(const YAML::Node& options) {
    DropOptions o;
    config::read_keys(options,
                      "the stage 'drop'",
                      {{"source", set_sources(o.sources)},
                       {"separator", config::set(o.separator)},
                       {"value", set_optional(o.value)},
                       {"expression", set_regex(o.expression)},
                       {"older_than",
                        [&](const YAML::Node& v) {
                            config::set_duration(o.older_than.emplace())(v);
                        }},
                       {"longer_than",
                        [&](const YAML::Node& v) {
                            config::set_size(o.longer_than.emplace())(v);
                        }},
                       {"drop_counter_reason", config::set(o.reason)}});
    if (o.sources.empty() && o.expression == nullptr && !o.older_than.has_value() &&
        !o.longer_than.has_value()) {
        config::refuse(options,
                       "the stage 'drop' needs one of source, expression, older_than and "
                       "longer_than");
    }
    if (o.value.has_value() && (o.sources.empty() || o.expression != nullptr)) {
        config::refuse(options, "the value of a stage 'drop' needs a source and no expression");
    }
    return maker_of<DropStage>(std::move(o));
}

}  // namespace logi::agent
