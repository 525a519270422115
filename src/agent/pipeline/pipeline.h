// The stages of a scrape config, one after another.
#pragma once

#include "agent/pipeline/stage.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::agent {

// As the configuration has it, checked; makes as many pipelines as there are sources.
struct PipelineSpec {
    struct NamedStage {
        std::string name;
        StageMaker make;
    };
    std::vector<NamedStage> stages;
};

// One task at a time.
class Pipeline {
  public:
    // Called after each stage with its name and what it made of the entry.
    using Observer = std::function<void(const std::string& stage, Verdict, const Entry&)>;

    Pipeline(const PipelineSpec& spec, const StageContext& context);
    void observe(Observer observer) { observer_ = std::move(observer); }

    [[nodiscard]] bool empty() const { return stages_.empty(); }
    Verdict process(Entry& entry) { return run_from(0, entry); }
    // As Stage::release(), of all stages: call it until it is false.
    bool release(Timestamp now, bool all, Entry& entry);
    [[nodiscard]] std::optional<std::uint64_t> held_from() const;

  private:
    Verdict run_from(std::size_t first, Entry& entry);
    struct Named {
        std::string name;
        std::unique_ptr<Stage> stage;
    };
    std::vector<Named> stages_;
    Observer observer_;
};

}  // namespace logi::agent
