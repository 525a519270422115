#include "engine.h"

#include "base/check.h"
#include "head/generation.h"
#include "head/head_source.h"
#include "head/sorted_rows.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"

#include <algorithm>
#include <optional>

namespace logi::reference {
namespace {

std::vector<LabelPair> pairs_of(const LabelMap& labels) {
    std::vector<LabelPair> out;
    for (const auto& [name, value] : labels) {
        out.push_back({name, value});
    }
    return out;
}

std::vector<MetadataView> views_of(const LabelMap& metadata) {
    std::vector<MetadataView> out;
    for (const auto& [name, value] : metadata) {
        out.push_back({name, value});
    }
    return out;
}

// Entries [from, to) as one generation of one journal; positions count from 1.
std::unique_ptr<head::Generation> generation(const std::vector<Entry>& entries,
                                             std::size_t from,
                                             std::size_t to) {
    auto out = std::make_unique<head::Generation>(1, from);
    for (std::size_t i = from; i < to; ++i) {
        const Labels labels = Labels::from_pairs(pairs_of(entries[i].stream));
        out->append(labels,
                    labels.id(),
                    {{entries[i].time, entries[i].line, views_of(entries[i].metadata)}},
                    i + 1,
                    0);
    }
    return out;
}

// The same rows in blocks of so many.
StatusOr<std::string> in_blocks(const segment::SegmentReader& segment, std::size_t rows_per_block) {
    LOGI_ASSIGN_OR_RETURN(const segment::Selection all, segment.select_all());
    std::vector<Labels> labels;
    for (const std::uint32_t stream : all.streams()) {
        labels.push_back(all.labels(stream));
    }
    segment::SegmentWriter writer(std::move(labels));
    for (std::uint32_t b = 0; b < segment.blocks().size(); ++b) {
        LOGI_ASSIGN_OR_RETURN(const auto block, segment.open_block(b));
        LOGI_ASSIGN_OR_RETURN(const auto streams, block->streams());
        LOGI_ASSIGN_OR_RETURN(const auto times, block->times());
        LOGI_ASSIGN_OR_RETURN(const auto sequences, block->sequences());
        std::vector<std::vector<MetadataView>> metadata(times.size());
        for (std::uint32_t i = 0; i < times.size(); ++i) {
            block::Row row;
            row.stream = streams[i];
            row.time = times[i];
            row.sequence = sequences[i];
            LOGI_ASSIGN_OR_RETURN(row.line, block->line(i));
            LOGI_RETURN_IF_ERROR(block->metadata(i, metadata[i]));
            row.metadata = metadata[i].data();
            row.metadata_count = static_cast<std::uint32_t>(metadata[i].size());
            writer.add(row);
            if ((i + 1) % rows_per_block == 0) {
                writer.close_block();
            }
        }
        writer.close_block();
    }
    return writer.finish();
}

void add_segments(head::Generation& generation,
                  std::size_t to,
                  exec::Sources& sources,
                  std::size_t rows_per_block = 0) {
    generation.seal(to);
    const Status status = generation.flush([&](head::FlushedSegment segment) {
        LOGI_ASSIGN_OR_RETURN(auto reader,
                              segment::open_in_memory(std::move(segment.bytes), "segment"));
        if (rows_per_block > 0) {
            LOGI_ASSIGN_OR_RETURN(std::string bytes, in_blocks(*reader, rows_per_block));
            LOGI_ASSIGN_OR_RETURN(reader, segment::open_in_memory(std::move(bytes), "segment"));
        }
        sources.push_back(std::move(reader));
        return absl::OkStatus();
    });
    LOGI_CHECK(status.ok());
}

// A head whose groups hold few rows.
class GroupedHead {
  public:
    void add(const Entry& entry, std::uint64_t position) {
        const Labels labels = Labels::from_pairs(pairs_of(entry.stream));
        std::uint32_t stream = 0;
        while (stream < streams_.size() && streams_[stream]->labels != labels) {
            ++stream;
        }
        if (stream == streams_.size()) {
            streams_.push_back(
                std::make_shared<head::HeadStream>(head::HeadStream{labels, labels.id()}));
        }
        block::Row row;
        row.stream = stream;
        row.time = entry.time;
        row.sequence = {1, position, 0};
        row.line = arena_->copy(entry.line);
        row.metadata_count = static_cast<std::uint32_t>(entry.metadata.size());
        auto* metadata = arena_->allocate_array<MetadataView>(entry.metadata.size());
        row.metadata = metadata;
        for (const auto& [name, value] : entry.metadata) {
            new (metadata++) MetadataView{arena_->copy(name), arena_->copy(value)};
        }
        rows_.push_back(row);
    }
    void close_group() {
        if (rows_.empty()) {
            return;
        }
        auto group = std::make_shared<head::RowGroup>();
        group->rows = std::move(rows_);
        group->arena = std::exchange(arena_, std::make_shared<head::Arena>());
        head::sort_and_dedupe(group->rows);
        group->stats = head::stats_of(group->rows);
        group->extents = head::extents_of(group->rows);
        groups_.push_back(std::move(group));
        rows_.clear();
    }
    std::shared_ptr<const segment::Source> source() {
        close_group();
        return std::make_shared<head::HeadSource>(streams_, groups_, "groups");
    }

  private:
    std::vector<std::shared_ptr<const head::HeadStream>> streams_;
    std::vector<std::shared_ptr<const head::RowGroup>> groups_;
    std::vector<block::Row> rows_;
    std::shared_ptr<head::Arena> arena_ = std::make_shared<head::Arena>();
};

std::shared_ptr<const segment::Source> grouped_head(const std::vector<Entry>& entries,
                                                    std::size_t from,
                                                    std::size_t to,
                                                    Dice& dice) {
    GroupedHead head;
    for (std::size_t i = from; i < to; ++i) {
        head.add(entries[i], i + 1);
        if (dice.percent(15)) {
            head.close_group();
        }
    }
    return head.source();
}

}  // namespace

exec::Sources make_sources(const std::vector<Entry>& entries,
                           Dice& dice,
                           std::size_t interval_max) {
    exec::Sources sources;
    for (std::size_t from = 0; from < entries.size();) {
        const std::size_t to = std::min(entries.size(), from + 1 + dice.below(interval_max));
        switch (dice.below(3)) {
            case 0:
                sources.push_back(generation(entries, from, to)->view());
                break;
            case 1:
                add_segments(*generation(entries, from, to), to, sources);
                break;
            default:
                sources.push_back(grouped_head(entries, from, to, dice));
                break;
        }
        from = to;
    }
    for (std::size_t i = sources.size(); i > 1; --i) {
        std::swap(sources[i - 1], sources[dice.below(i)]);
    }
    return sources;
}

exec::Sources make_segments(const std::vector<Entry>& entries,
                            std::size_t segments,
                            std::size_t rows_per_block) {
    exec::Sources sources;
    for (std::size_t i = 0; i < segments; ++i) {
        const std::size_t from = entries.size() * i / segments;
        const std::size_t to = entries.size() * (i + 1) / segments;
        if (from < to) {
            add_segments(*generation(entries, from, to), to, sources, rows_per_block);
        }
    }
    return sources;
}

exec::Sources make_heads(const std::vector<Entry>& entries, std::size_t from) {
    exec::Sources sources;
    const std::size_t half = from + (entries.size() - from) / 2;
    for (const auto& [begin, end] : {std::pair(from, half), std::pair(half, entries.size())}) {
        if (begin < end) {
            sources.push_back(generation(entries, begin, end)->view());
        }
    }
    return sources;
}

query::Request engine_request(const std::string& text, const Request& request) {
    query::Request out;
    out.query = text;
    out.start = request.start;
    out.end = request.end;
    out.step = request.step;
    out.align_to_step = request.align_to_step;
    out.instant = request.instant;
    out.limit = static_cast<std::uint32_t>(request.limit);
    out.forward = request.forward;
    out.interval = request.interval;
    out.now = request.now;
    return out;
}

StatusOr<query::Result> run_on_threads(const exec::Sources& sources,
                                       query::Prepared query,
                                       const Limits& limits,
                                       Duration cancel_after) {
    static auto* const pool = new io::ThreadPool(2);
    const io::CancelToken cancel;
    if (cancel_after.ns > 0) {
        pool->post_after(cancel_after, [cancel] { cancel.cancel(); });
    }
    std::optional<StatusOr<query::Result>> out;
    io::wait_for(*pool, [&](io::Task done) {
        query::run(*pool, sources, std::move(query), limits, cancel, [&out, done](auto result) {
            out = std::move(result);
            done();
        });
    });
    return *std::move(out);
}

}  // namespace logi::reference
