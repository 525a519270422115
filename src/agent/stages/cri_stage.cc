// cri: lines of containerd and CRI-O, "time stream flags content"; pieces of a line are joined.
#include "absl/container/flat_hash_map.h"
#include "agent/stages/options.h"
#include "base/rfc3339.h"

#include <algorithm>

namespace logi::agent {
namespace {

// A line that never ends goes on in pieces of this size.
constexpr std::size_t kJoinedBytesMax = 1U << 20U;

struct CriOptions {
    std::uint32_t partial_lines_max = 100;
    std::int64_t line_bytes_max = 0;  // 0: no limit
    bool truncate = false;
};

struct Parts {
    std::string_view time;
    std::string_view stream;
    std::string_view flags;
    std::string_view content;
};

// Up to the next space, which must be there; anything but white space in between, at least a byte.
bool take_word(std::string_view& line, std::string_view& word) {
    const std::size_t end = line.find_first_of(" \t\n\r\f");
    if (end == 0 || end == std::string_view::npos || line[end] != ' ') {
        return false;
    }
    word = line.substr(0, end);
    line.remove_prefix(end + 1);
    return true;
}

bool parse(std::string_view line, Parts& parts) {
    const bool words = take_word(line, parts.time) && take_word(line, parts.stream) &&
                       take_word(line, parts.flags);
    parts.content = line;
    return words && (parts.stream == "stdout" || parts.stream == "stderr");
}

class CriStage final : public Stage {
  public:
    CriStage(std::shared_ptr<const CriOptions> options, const StageContext&)
        : options_(std::move(options)) {}

    Verdict process(Entry& entry) override {
        Parts parts;
        bool partial = false;
        if (parse(entry.line, parts)) {
            partial = parts.flags == "P";
            entry.extracted.set("time", parts.time);
            entry.extracted.set("stream", parts.stream);
            entry.extracted.set("flags", parts.flags);
            entry.extracted.set("content", parts.content);
            entry.labels.set("stream", parts.stream);
            if (const auto time = parse_rfc3339(parts.time); time.ok()) {
                entry.time = *time;
            }
            entry.set_line(std::string(parts.content));
        }
        return partial ? hold(entry) : finish(entry);
    }

    [[nodiscard]] std::optional<std::uint64_t> held_from() const override {
        std::optional<std::uint64_t> first;
        for (const auto& [labels, piece] : pieces_) {
            first = std::min(first.value_or(piece.from), piece.from);
        }
        return first;
    }

    // Pieces wait for their line's end, however long that takes, and are read again after a
    // restart; but where their source ends no end comes.
    bool release(Timestamp, bool all, Entry& entry) override {
        const auto at = pieces_.begin();
        if (!all || at == pieces_.end()) {
            return false;
        }
        entry.copy_of(*at->second.first);
        entry.to = at->second.to;
        entry.set_line(std::move(at->second.text));
        pieces_.erase(at);
        return true;
    }

  private:
    struct Piece {
        std::unique_ptr<Entry> first = std::make_unique<Entry>();
        std::string text;
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };
    using Pieces = absl::flat_hash_map<std::string, Piece>;  // by the text of their labels

    void append(Piece& piece, std::string_view text) const {
        piece.text.append(text);
        const auto max = static_cast<std::size_t>(options_->line_bytes_max);
        if (max > 0 && options_->truncate && piece.text.size() > max) {
            piece.text.resize(max);
        }
    }

    Verdict hold(Entry& entry) {
        const std::string labels = entry.labels.text();
        const auto at = pieces_.find(labels);
        if (at != pieces_.end()) {
            append(at->second, entry.line);
            at->second.to = entry.to;
            return at->second.text.size() < kJoinedBytesMax ? Verdict::kHold : finish(at, entry);
        }
        if (pieces_.size() >= options_->partial_lines_max) {
            return Verdict::kPass;  // no room: it goes as it is
        }
        Piece& piece = pieces_[labels];
        piece.first->copy_of(entry);
        piece.from = entry.from;
        piece.to = entry.to;
        append(piece, entry.line);
        return Verdict::kHold;
    }

    Verdict finish(Entry& entry) {
        if (pieces_.empty()) {
            return Verdict::kPass;
        }
        const auto at = pieces_.find(entry.labels.text());
        if (at == pieces_.end()) {
            return Verdict::kPass;
        }
        append(at->second, entry.line);
        return finish(at, entry);
    }
    // `entry` becomes what there is of the line.
    Verdict finish(Pieces::iterator at, Entry& entry) {
        entry.from = at->second.from;
        entry.set_line(std::move(at->second.text));
        pieces_.erase(at);
        return Verdict::kPass;
    }

    std::shared_ptr<const CriOptions> options_;
    Pieces pieces_;
};

}  // namespace

StageMaker read_cri_stage(const YAML::Node& options) {
    CriOptions o;
    if (!options.IsNull()) {
        config::read_keys(options,
                          "the stage 'cri'",
                          {{"max_partial_lines", config::set(o.partial_lines_max)},
                           {"max_partial_line_size", config::set_size(o.line_bytes_max)},
                           {"max_partial_line_size_truncate", config::set(o.truncate)}});
    }
    return maker_of<CriStage>(std::move(o));
}

}  // namespace logi::agent
