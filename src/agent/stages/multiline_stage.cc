// multiline: joins lines from one that begins a block to the line before the next such.
#include "absl/container/flat_hash_map.h"
#include "agent/stages/options.h"

#include <algorithm>

namespace logi::agent {
namespace {

struct MultilineOptions {
    RegexPtr first_line;
    std::uint32_t lines_max = 128;
    Duration wait = Duration::seconds(3);
};

class MultilineStage final : public Stage {
  public:
    MultilineStage(std::shared_ptr<const MultilineOptions> options, const StageContext& context)
        : options_(std::move(options)), clock_(context.clock) {}

    Verdict process(Entry& entry) override {
        const std::string labels = entry.labels.text();
        const auto at = blocks_.find(labels);
        if (options_->first_line->matches(entry.line)) {
            return begin(at == blocks_.end() ? blocks_[labels] : at->second, entry);
        }
        if (at == blocks_.end()) {
            return Verdict::kPass;  // before the first block
        }
        Block& block = at->second;
        append(block, entry);
        if (block.lines < options_->lines_max) {
            return Verdict::kHold;
        }
        finish(block, entry);
        return Verdict::kPass;
    }

    bool release(Timestamp now, bool all, Entry& entry) override {
        for (auto& [labels, block] : blocks_) {
            if (block.lines > 0 && (all || now - block.last_line >= options_->wait)) {
                finish(block, entry);
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] std::optional<std::uint64_t> held_from() const override {
        std::optional<std::uint64_t> first;
        for (const auto& [labels, block] : blocks_) {
            if (block.lines > 0) {
                first = std::min(first.value_or(block.from), block.from);
            }
        }
        return first;
    }

  private:
    struct Block {
        // Of the line that began it: labels, time, what was extracted.
        std::unique_ptr<Entry> first = std::make_unique<Entry>();
        std::string text;
        std::uint32_t lines =
            0;  // 0: sent, and what comes before the next first line is more of it
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        Timestamp last_line;
    };

    void append(Block& block, const Entry& entry) {
        if (block.lines == 0) {
            block.from = entry.from;
            block.text.clear();
        } else {
            block.text.push_back('\n');
        }
        block.text.append(entry.line);
        block.to = entry.to;
        block.last_line = clock_.now();
        ++block.lines;
    }

    // `entry` becomes the block before it, if there is one.
    Verdict begin(Block& block, Entry& entry) {
        const bool had_lines = block.lines > 0;
        const std::uint64_t from = block.from;
        const std::uint64_t to = block.to;
        std::string before = std::move(block.text);
        block.text.clear();
        block.lines = 0;
        append(block, entry);
        swap(*block.first, entry);
        if (!had_lines) {
            return Verdict::kHold;
        }
        entry.set_line(std::move(before));
        entry.from = from;
        entry.to = to;
        return Verdict::kPass;
    }

    // `entry` becomes what the block has so far.
    static void finish(Block& block, Entry& entry) {
        entry.copy_of(*block.first);
        entry.set_line(std::move(block.text));
        entry.from = block.from;
        entry.to = block.to;
        block.text.clear();
        block.lines = 0;
    }

    std::shared_ptr<const MultilineOptions> options_;
    const io::Clock& clock_;
    absl::flat_hash_map<std::string, Block> blocks_;  // by the text of their labels
};

}  // namespace

StageMaker read_multiline_stage(const YAML::Node& options) {
    MultilineOptions o;
    config::read_keys(options,
                      "the stage 'multiline'",
                      {{"firstline", set_regex(o.first_line)},
                       {"max_lines", config::set(o.lines_max)},
                       {"max_wait_time", config::set_duration(o.wait)}});
    if (o.first_line == nullptr || o.lines_max == 0) {
        config::refuse(options, "the stage 'multiline' needs a firstline, and max_lines above 0");
    }
    return maker_of<MultilineStage>(std::move(o));
}

}  // namespace logi::agent
