// replace: what the groups of each match hold is replaced by what a template makes of it.
#include "agent/stages/options.h"
#include "agent/stages/template_text.h"
#include "base/log.h"
#include "regex/replace.h"

namespace logi::agent {
namespace {

struct ReplaceOptions {
    RegexPtr expression;
    std::optional<std::string> source;
    std::optional<TemplateText> text;
};

class ReplaceStage final : public Stage {
  public:
    ReplaceStage(std::shared_ptr<const ReplaceOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        const auto text = text_of(entry, options_->source);
        if (!text.has_value()) {
            return Verdict::kPass;
        }
        const std::string input(*text);
        std::string out;
        std::size_t done = 0;
        std::vector<std::pair<std::string, std::string>> named;
        Status status;
        regex::for_each_match(*options_->expression, input, [&](const regex::Groups& groups) {
            status = take_match(entry, input, groups, done, out, named);
            return status.ok();
        });
        if (!status.ok()) {
            base::log_debug("a replacement failed", {{"error", std::string(status.message())}});
            return Verdict::kPass;
        }
        out.append(input, done);
        if (options_->source.has_value()) {
            entry.extracted.set(*options_->source, out);
        } else {
            entry.set_line(std::move(out));
        }
        for (const auto& [name, value] : named) {
            entry.extracted.set(name, value);
        }
        return Verdict::kPass;
    }

  private:
    // Appends to `out` what lies between the replaced parts and what replaces them. `done` is how
    // much of the input is in `out`.
    Status take_match(const Entry& entry,
                      const std::string& input,
                      const regex::Groups& groups,
                      std::size_t& done,
                      std::string& out,
                      std::vector<std::pair<std::string, std::string>>& named) const {
        const auto& names = options_->expression->group_names();
        for (std::size_t i = groups.size() == 1 ? 0 : 1; i < groups.size(); ++i) {
            if (groups[i].data() == nullptr) {
                continue;
            }
            std::string replaced;
            LOGI_RETURN_IF_ERROR(options_->text->execute(entry, groups[i], replaced));
            const auto begin = static_cast<std::size_t>(groups[i].data() - input.data());
            if (begin >= done) {  // not inside of a group that is replaced already
                out.append(input, done, begin - done).append(replaced);
                done = begin + groups[i].size();
            }
            if (!names[i].empty()) {
                named.emplace_back(names[i], std::move(replaced));
            }
        }
        return absl::OkStatus();
    }

    std::shared_ptr<const ReplaceOptions> options_;
};

}  // namespace

StageMaker read_replace_stage(const YAML::Node& options) {
    ReplaceOptions o;
    std::string text;
    config::read_keys(options,
                      "the stage 'replace'",
                      {{"expression", set_regex(o.expression)},
                       {"source", set_optional(o.source)},
                       {"replace", config::set(text)}});
    if (o.expression == nullptr) {
        config::refuse(options, "the stage 'replace' needs an expression");
    }
    o.text = config::checked(options["replace"] ? options["replace"] : options,
                             TemplateText::parse(text));
    return maker_of<ReplaceStage>(std::move(o));
}

}  // namespace logi::agent
