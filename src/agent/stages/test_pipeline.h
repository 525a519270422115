// A pipeline of a test: YAML and lines in, entries out.
#pragma once

#include "agent/pipeline/pipeline.h"
#include "agent/stages/stages.h"
#include "config/sections.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace logi::agent {

struct Out {
    std::string labels;
    std::string line;
    std::int64_t time_ns = 0;
    std::string metadata;
    std::map<std::string, std::string> extracted;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Duration rest;
};

class TestPipeline {
  public:
    // Read at 2024-05-01T12:00:00Z and a nanosecond later each.
    static constexpr std::int64_t kReadAtNs = 1714564800'000000000;

    explicit TestPipeline(const std::string& stages, const std::string& labels = "{}")
        : clock_(Timestamp{kReadAtNs}), labels_(*Labels::parse(labels)) {
        status = config::read_yaml(
            stages, "test.yaml", [this](const YAML::Node& root) { spec_ = read_pipeline(root); });
        if (status.ok()) {
            pipeline_ = std::make_unique<Pipeline>(spec_, context_);
        }
    }

    // What comes of the line at once.
    std::vector<Out> feed(std::string_view line) {
        entry_.reset(labels_, line, Timestamp{kReadAtNs + lines_++});
        entry_.from = to_;
        entry_.to = to_ += line.size() + 1;
        return pipeline_->process(entry_) == Verdict::kPass ? std::vector<Out>{shown()}
                                                            : std::vector<Out>{};
    }
    std::vector<Out> feed_all(const std::vector<std::string>& lines) {
        std::vector<Out> all;
        for (const std::string& line : lines) {
            for (Out& out : feed(line)) {
                all.push_back(std::move(out));
            }
        }
        return all;
    }
    // What is held and has waited, or, with `all`, everything held.
    std::vector<Out> release(bool all) {
        std::vector<Out> outs;
        while (pipeline_->release(clock_.now(), all, entry_)) {
            outs.push_back(shown());
        }
        return outs;
    }
    void advance(Duration by) { clock_.advance(by); }
    [[nodiscard]] std::optional<std::uint64_t> held_from() const { return pipeline_->held_from(); }
    [[nodiscard]] std::string metrics() const { return registry_.render(); }
    [[nodiscard]] std::string error() const { return std::string(message_of(status)); }

    Status status;

  private:
    Out shown() const {
        Out out{.labels = entry_.labels.text(),
                .line = std::string(entry_.line),
                .time_ns = entry_.time.ns,
                .metadata = label_text(entry_.metadata),
                .extracted = {},
                .from = entry_.from,
                .to = entry_.to,
                .rest = entry_.rest};
        std::vector<std::pair<std::string_view, std::string_view>> pairs;
        entry_.extracted.list(pairs);
        for (const auto& [name, value] : pairs) {
            out.extracted.emplace(name, value);
        }
        return out;
    }

    io::SimClock clock_;
    Labels labels_;
    base::Registry registry_;
    StageContext context_{registry_, clock_, "test"};
    PipelineSpec spec_;
    std::unique_ptr<Pipeline> pipeline_;
    Entry entry_;
    std::int64_t lines_ = 0;
    std::uint64_t to_ = 0;
};

}  // namespace logi::agent
