#include "segment/inspect.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rfc3339.h"
#include "segment/check_directory.h"
#include "segment/count_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace logi::segment {
namespace {

// Of a template's text as it is listed.
constexpr std::size_t kTextMax = 160;

constexpr std::array<std::string_view, kBucketSeconds.size()> kWidthNames = {
    "none", "1m", "5m", "15m", "1h", "6h", "1d", "whole"};

// Counts by level's name, so that the order in which levels were met does not matter.
using NamedCounts = std::map<std::tuple<std::uint32_t, std::int64_t, std::string>, LevelCount>;
using Buckets = std::set<std::pair<std::uint32_t, std::int64_t>>;  // of streams

// Where levels are not told apart.
Buckets mixed_buckets(const BlockStatistics& statistics) {
    Buckets out;
    for (const ExtentCounts& extent : statistics.extents) {
        for (const LevelCount& count : extent.counts) {
            if (count.level == kOtherLevel) {
                out.emplace(extent.stream, count.bucket);
            }
        }
    }
    return out;
}

NamedCounts named(const BlockStatistics& statistics, const Buckets& mixed) {
    NamedCounts out;
    for (const ExtentCounts& extent : statistics.extents) {
        for (const LevelCount& count : extent.counts) {
            std::string level = absl::StrCat(count.level);
            if (mixed.contains({extent.stream, count.bucket})) {
                level = absl::StrCat(kOtherLevel);
            } else if (count.level >= kFirstLevel) {
                level = absl::StrCat("=", statistics.levels[count.level - kFirstLevel]);
            }
            LevelCount& sum = out[{extent.stream, count.bucket, level}];
            sum.rows += count.rows;
            sum.line_bytes += count.line_bytes;
            sum.metadata_bytes += count.metadata_bytes;
        }
    }
    return out;
}

// Whether the statistics are what the rows say.
Status check_statistics(const Selection& all,
                        absl::Span<const StreamExtent> extents,
                        block::BlockReader& block) {
    LOGI_ASSIGN_OR_RETURN(const auto view, all.statistics(extents));
    if (!view.has_value()) {
        return absl::OkStatus();
    }
    const BlockStatistics told = view->copy();
    LOGI_ASSIGN_OR_RETURN(BlockStatistics counted, count_rows(block, told.levels));
    const bool same_extents = std::equal(
        told.extents.begin(),
        told.extents.end(),
        counted.extents.begin(),
        counted.extents.end(),
        [](const ExtentCounts& a, const ExtentCounts& b) { return a.stream == b.stream; });
    for (std::size_t i = 0; i < told.extents.size() && same_extents; ++i) {
        if (told.extents[i].width == kNoBuckets) {
            counted.extents[i].counts.clear();
        }
        widen(counted.extents[i], told.extents[i].width);
    }
    const Buckets mixed = mixed_buckets(told);
    if (!same_extents || named(counted, mixed) != named(told, mixed) ||
        counted.names != told.names) {
        return absl::DataLossError(absl::StrCat(all.name(),
                                                " block ",
                                                extents.front().block,
                                                ": statistics are not those of its rows"));
    }
    return absl::OkStatus();
}

Status decode_all(block::BlockReader& block) {
    LOGI_RETURN_IF_ERROR(block.streams().status());
    LOGI_RETURN_IF_ERROR(block.times().status());
    LOGI_RETURN_IF_ERROR(block.sequences().status());
    LOGI_RETURN_IF_ERROR(block.minutes().status());
    std::vector<MetadataView> metadata;
    for (std::uint32_t row = 0; row < block.stats().rows; ++row) {
        LOGI_RETURN_IF_ERROR(block.line(row).status());
        LOGI_RETURN_IF_ERROR(block.metadata(row, metadata));
    }
    return absl::OkStatus();
}

class Inspection {
  public:
    Inspection(const SegmentReader& segment, const DumpOptions& options, std::string& out)
        : segment_(segment), options_(options), out_(out) {}

    Status run() {
        note(segment_.check_header());
        look_at_directory();
        for (std::uint32_t i = 0; i < segment_.blocks().size(); ++i) {
            const Status read = look_at(i);
            describe_block(i, read.ok());
            note(read);
        }
        describe_parts();
        describe_pages();
        describe_statistics();
        describe_templates();
        describe_columns();
        describe_totals();
        return status_;
    }

  private:
    struct Kind {
        std::size_t columns = 0;
        std::uint64_t values = 0;
        std::uint64_t bytes = 0;
    };
    struct Template {
        std::uint64_t rows = 0;
        std::uint64_t bytes = 0;
        std::size_t blocks = 0;
        std::size_t most_rows = 0;       // of one block
        std::vector<std::string> kinds;  // of that block's slots
    };
    using Pieces = std::vector<std::string>;
    // The first error is what is returned.
    void note(const Status& status) {
        if (status_.ok()) {
            status_ = status;
        }
    }

    Status look_at(std::uint32_t number) {
        LOGI_RETURN_IF_ERROR(segment_.check_columns(number));
        LOGI_ASSIGN_OR_RETURN(const auto block, segment_.open_block(number));
        LOGI_ASSIGN_OR_RETURN(const auto notes, block->describe_lines());
        count(notes);
        if (!options_.verify) {
            return absl::OkStatus();
        }
        LOGI_RETURN_IF_ERROR(decode_all(*block));
        if (!all_.has_value()) {
            return absl::OkStatus();  // what is damaged is noted
        }
        LOGI_RETURN_IF_ERROR(check_extents(segment_, extents_[number], *block));
        return check_statistics(*all_, extents_[number], *block);
    }

    void look_at_directory() {
        pages_ = check_pages(segment_);
        for (const PageKind& kind : pages_) {
            note(kind.status);
        }
        if (auto all = segment_.select_all(); all.ok()) {
            extents_ = all->extents_by_block();
            all_ = *std::move(all);
            look_at_statistics();
        }
        if (options_.verify) {
            note(check_postings(segment_));
        }
    }

    void look_at_statistics() {
        for (const auto& extents : extents_) {
            const auto statistics = all_->statistics(extents);
            if (!statistics.ok() || !statistics->has_value()) {
                note(statistics.status());
                continue;
            }
            for (const ExtentCounts* extent : (*statistics)->extents) {
                ++widths_[extent->width].first;
                widths_[extent->width].second += extent->counts.size();
            }
            levels_ = std::max(levels_, (*statistics)->levels->size());
        }
    }

    void count(const std::vector<block::ColumnNote>& notes) {
        for (std::size_t i = 0; i < notes.size(); ++i) {
            const block::ColumnNote& note = notes[i];
            if (note.pieces.empty()) {
                Kind& kind = kinds_[note.kind];
                ++kind.columns;
                kind.values += note.rows;
                kind.bytes += note.stored_bytes;
            } else if (note.depth == 1) {
                count_template(absl::MakeConstSpan(notes).subspan(i));
            }
        }
    }

    // Begins with the template's note.
    void count_template(absl::Span<const block::ColumnNote> notes) {
        const block::ColumnNote& head = notes[0];
        Template& kind = templates_[head.pieces];
        kind.rows += head.rows;
        ++kind.blocks;
        const bool most = head.rows > kind.most_rows;
        if (most) {
            kind.most_rows = head.rows;
            kind.kinds.clear();
        }
        for (std::size_t i = 1; i < notes.size() && notes[i].depth > head.depth; ++i) {
            kind.bytes += notes[i].stored_bytes;
            if (most && notes[i].depth == head.depth + 1) {
                kind.kinds.emplace_back(block::kColumnKindNames[notes[i].kind]);
            }
        }
    }

    void describe_block(std::uint32_t number, bool good) {
        const block::BlockStats& stats = segment_.blocks()[number];
        std::uint64_t bytes = 0;
        for (std::size_t c = 0; c < block::kColumns; ++c) {
            bytes += segment_.root().regions[number][c].length;
            parts_[c] += segment_.root().regions[number][c].length;
        }
        rows_ += stats.rows;
        line_bytes_ += stats.line_bytes;
        absl::StrAppendFormat(
            &out_,
            "block %u %s rows %u line_bytes %d size_bytes %d min_time %s max_time %s %s\n",
            number,
            segment_.root().forms[number].line_kind == block::kTemplateLines ? "templates" : "text",
            stats.rows,
            stats.line_bytes,
            bytes,
            format_rfc3339(stats.min_time),
            format_rfc3339(stats.max_time),
            good ? "ok" : "DAMAGED");
    }

    void describe_parts() {
        std::uint64_t columns = 0;
        absl::StrAppendFormat(
            &out_, "\n%-16s %12s %7s %10s\n", "part", "bytes", "share", "per row");
        const auto line = [&](std::string_view name, std::uint64_t bytes) {
            absl::StrAppendFormat(&out_,
                                  "%-16s %12d %6.1f%% %10.3f\n",
                                  std::string(name),
                                  bytes,
                                  100.0 * static_cast<double>(bytes) / size(),
                                  static_cast<double>(bytes) /
                                      static_cast<double>(std::max<std::uint64_t>(rows_, 1)));
        };
        for (std::size_t c = 0; c < block::kColumns; ++c) {
            if (parts_[c] > 0) {
                line(block::kColumnNames[c], parts_[c]);
            }
            columns += parts_[c];
        }
        const std::uint64_t statistics = segment_.root().statistics_bytes();
        if (statistics > 0) {
            line("statistics", statistics);
        }
        line("directory", segment_.size_bytes() - columns - statistics);
    }

    void describe_pages() {
        absl::StrAppendFormat(
            &out_, "\n%-16s %8s %12s %12s\n", "pages of", "number", "bytes", "greatest");
        for (const PageKind& kind : pages_) {
            absl::StrAppendFormat(&out_,
                                  "%-16s %8d %12d %12d",
                                  std::string(kind.name),
                                  kind.pages,
                                  kind.bytes,
                                  kind.greatest);
            for (const std::uint32_t number : kind.damaged) {
                absl::StrAppend(&out_, kind.damaged.front() == number ? " DAMAGED " : ",", number);
            }
            absl::StrAppend(&out_, "\n");
        }
    }

    void describe_statistics() {
        if (segment_.root().statistics_bytes() == 0) {
            return;
        }
        absl::StrAppendFormat(&out_, "\n%-10s %10s %12s\n", "statistics", "extents", "counts");
        for (std::size_t width = 0; width < widths_.size(); ++width) {
            if (const auto& [extents, counts] = widths_[width]; extents > 0) {
                absl::StrAppendFormat(
                    &out_, "%-10s %10d %12d\n", std::string(kWidthNames[width]), extents, counts);
            }
        }
        absl::StrAppendFormat(&out_, "%d levels\n", levels_);
    }

    void describe_templates() {
        if (templates_.empty() || options_.templates == 0) {
            return;
        }
        std::vector<std::pair<const Pieces*, const Template*>> sorted;
        for (const auto& [pieces, kind] : templates_) {
            sorted.emplace_back(&pieces, &kind);
        }
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
            return a.second->rows > b.second->rows;
        });
        const std::size_t shown = std::min(options_.templates, sorted.size());
        absl::StrAppendFormat(&out_, "\n%10s %12s %7s template\n", "rows", "bytes", "blocks");
        for (std::size_t i = 0; i < shown; ++i) {
            const Template& kind = *sorted[i].second;
            absl::StrAppendFormat(&out_,
                                  "%10d %12d %7d %s\n",
                                  kind.rows,
                                  kind.bytes,
                                  kind.blocks,
                                  text_of(*sorted[i].first, kind.kinds));
        }
        if (shown < sorted.size()) {
            absl::StrAppend(&out_, "and ", sorted.size() - shown, " more\n");
        }
    }

    static void append_printable(std::string_view bytes, std::string& out) {
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || byte == 0x7F) {
                absl::StrAppendFormat(&out, "\\x%02x", byte);
            } else {
                out.push_back(c);
            }
        }
    }

    static std::string text_of(const Pieces& pieces, const std::vector<std::string>& kinds) {
        std::string text;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            append_printable(pieces[i], text);
            if (i < kinds.size()) {
                absl::StrAppend(&text, "<", kinds[i], ">");
            }
            if (text.size() > kTextMax) {
                return text.substr(0, kTextMax) + "…";
            }
        }
        return text;
    }

    void describe_columns() {
        if (kinds_.empty()) {
            return;
        }
        absl::StrAppendFormat(
            &out_, "\n%-12s %8s %12s %12s\n", "columns", "number", "values", "bytes");
        for (const auto& [kind, sum] : kinds_) {
            absl::StrAppendFormat(&out_,
                                  "%-12s %8d %12d %12d\n",
                                  std::string(block::kColumnKindNames[kind]),
                                  sum.columns,
                                  sum.values,
                                  sum.bytes);
        }
    }

    void describe_totals() {
        absl::StrAppendFormat(&out_,
                              "\nsegment format %u streams %u blocks %d rows %d line_bytes %d "
                              "size_bytes %d ratio %.2f\n",
                              segment_.version(),
                              segment_.stream_count(),
                              segment_.blocks().size(),
                              rows_,
                              line_bytes_,
                              segment_.size_bytes(),
                              static_cast<double>(line_bytes_) / size());
    }
    [[nodiscard]] double size() const { return static_cast<double>(segment_.size_bytes()); }

    const SegmentReader& segment_;
    const DumpOptions& options_;
    std::string& out_;
    Status status_;
    std::optional<Selection> all_;                    // nothing: a page is damaged
    std::vector<std::vector<StreamExtent>> extents_;  // of these, by block
    std::vector<PageKind> pages_;
    std::uint64_t rows_ = 0;
    std::uint64_t line_bytes_ = 0;
    std::array<std::uint64_t, block::kColumns> parts_{};
    // By the width of buckets: extents and counts.
    std::array<std::pair<std::size_t, std::size_t>, kBucketSeconds.size()> widths_{};
    std::size_t levels_ = 0;
    std::map<block::ColumnKind, Kind> kinds_;
    std::map<Pieces, Template> templates_;
};

}  // namespace

Status dump(const SegmentReader& segment, const DumpOptions& options, std::string& out) {
    return Inspection(segment, options, out).run();
}

}  // namespace logi::segment
