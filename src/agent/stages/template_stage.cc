// template: a Go template makes what is extracted under a name.
#include "agent/stages/options.h"
#include "agent/stages/template_text.h"
#include "base/log.h"

namespace logi::agent {
namespace {

struct TemplateOptions {
    std::string source;
    std::optional<TemplateText> text;
};

class TemplateStage final : public Stage {
  public:
    TemplateStage(std::shared_ptr<const TemplateOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        result_.clear();
        const Status status =
            options_->text->execute(entry, entry.extracted.find(options_->source), result_);
        if (!status.ok()) {
            base::log_debug("a template failed", {{"error", std::string(status.message())}});
        } else if (result_.empty()) {
            entry.extracted.remove(options_->source);
        } else {
            entry.extracted.set(options_->source, result_);
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const TemplateOptions> options_;
    std::string result_;
};

}  // namespace

StageMaker read_template_stage(const YAML::Node& options) {
    TemplateOptions o;
    std::string text;
    config::read_keys(options,
                      "the stage 'template'",
                      {{"source", config::set(o.source)}, {"template", config::set(text)}});
    if (o.source.empty()) {
        config::refuse(options, "the stage 'template' needs a source");
    }
    o.text = config::checked(options["template"] ? options["template"] : options,
                             TemplateText::parse(text));
    return maker_of<TemplateStage>(std::move(o));
}

}  // namespace logi::agent
