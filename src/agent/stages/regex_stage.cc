// regex: what the named groups of a match hold is extracted.
#include "agent/stages/options.h"

namespace logi::agent {
namespace {

struct RegexOptions {
    RegexPtr expression;
    std::optional<std::string> source;
};

class RegexStage final : public Stage {
  public:
    RegexStage(std::shared_ptr<const RegexOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto text = text_of(entry, options_->source);
        if (!text.has_value() || !options_->expression->find(*text, 0, groups_)) {
            return Verdict::kPass;
        }
        const auto& names = options_->expression->group_names();
        if (options_->source.has_value()) {
            // A group may be extracted under the name of what it is a part of.
            const std::string copy(*text);
            if (options_->expression->find(copy, 0, groups_)) {
                take(names, entry);
            }
        } else {
            take(names, entry);
        }
        return Verdict::kPass;
    }

  private:
    void take(const std::vector<std::string>& names, Entry& entry) {
        for (std::size_t i = 1; i < groups_.size(); ++i) {
            if (!names[i].empty()) {
                entry.extracted.set(names[i], groups_[i]);
            }
        }
    }
    std::shared_ptr<const RegexOptions> options_;
    std::vector<std::string_view> groups_;
};

}  // namespace

StageMaker read_regex_stage(const YAML::Node& options) {
    RegexOptions o;
    config::read_keys(options,
                      "the stage 'regex'",
                      {{"expression", set_regex(o.expression, {.named_groups_only = true})},
                       {"source", set_optional(o.source)}});
    if (o.expression == nullptr) {
        config::refuse(options, "the stage 'regex' needs an expression");
    }
    return maker_of<RegexStage>(std::move(o));
}

}  // namespace logi::agent
