// output: what was extracted becomes the line.
#include "agent/stages/options.h"

namespace logi::agent {
namespace {

class OutputStage final : public Stage {
  public:
    OutputStage(std::shared_ptr<const std::string> source, const StageContext&)
        : source_(std::move(source)) {}
    Verdict process(Entry& entry) override {
        if (const auto text = entry.extracted.find(*source_); text.has_value()) {
            entry.set_line(std::string(*text));
        }
        return Verdict::kPass;
    }

  private:
    std::shared_ptr<const std::string> source_;
};

}  // namespace

StageMaker read_output_stage(const YAML::Node& options) {
    std::string source;
    config::read_keys(options, "the stage 'output'", {{"source", config::set(source)}});
    if (source.empty()) {
        config::refuse(options, "the stage 'output' needs a source");
    }
    return maker_of<OutputStage>(std::move(source));
}

}  // namespace logi::agent
