// bench_fields: `| json | status >= 500`, counted: the engine over the columns of a segment against
// zstd and simdjson over the same lines, in one process and one thread. Both must count the same.
#include "base/check.h"
#include "codec/compress.h"
#include "files.h"
#include "query/run_simulated.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"
#include "stopwatch.h"

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include <cstdio>
#include <deque>

namespace logi::bench {
namespace {

// What Baseline does.
constexpr const char* kBaselineStages = "| json | status >= 500";

// The lines of one block, as a log file compressed by zstd has them.
struct Packed {
    std::string zstd;
    std::size_t raw = 0;
};

struct Data {
    exec::Sources sources;
    std::vector<Packed> blocks;
    std::size_t line_bytes = 0;
    Timestamp first = Timestamp::max();
    Timestamp last = Timestamp::min();
};

// The lines of JSON of a segment, as a segment of their own.
StatusOr<std::string> json_lines(const std::string& bytes, const std::string& path) {
    LOGI_ASSIGN_OR_RETURN(const auto segment, segment::open_in_memory(bytes, path));
    std::vector<Labels> streams;
    LOGI_ASSIGN_OR_RETURN(const auto all, segment->select_all());
    for (std::uint32_t i = 0; i < segment->stream_count(); ++i) {
        streams.push_back(all.labels(i));
    }
    // What rows point to.
    std::vector<std::unique_ptr<block::BlockReader>> blocks;
    std::deque<std::vector<MetadataView>> metadata;
    segment::SegmentWriter writer(std::move(streams));
    for (std::uint32_t b = 0; b < segment->blocks().size(); ++b) {
        LOGI_ASSIGN_OR_RETURN(auto opened, segment->open_block(b));
        block::BlockReader* const block = blocks.emplace_back(std::move(opened)).get();
        LOGI_ASSIGN_OR_RETURN(const auto times, block->times());
        LOGI_ASSIGN_OR_RETURN(const auto numbers, block->streams());
        LOGI_ASSIGN_OR_RETURN(const auto sequences, block->sequences());
        for (std::uint32_t i = 0; i < times.size(); ++i) {
            block::Row row;
            LOGI_ASSIGN_OR_RETURN(row.line, block->line(i));
            LOGI_RETURN_IF_ERROR(block->metadata(i, metadata.emplace_back()));
            row.stream = numbers[i];
            row.time = times[i];
            row.sequence = sequences[i];
            row.metadata = metadata.back().data();
            row.metadata_count = static_cast<std::uint32_t>(metadata.back().size());
            if (row.line.starts_with('{')) {
                writer.add(row);
            }
        }
    }
    return writer.finish();
}

Status add_segment(const std::string& path, bool only_json, Data& data) {
    std::string bytes = file_bytes(path);
    if (only_json) {
        LOGI_ASSIGN_OR_RETURN(bytes, json_lines(bytes, path));
    }
    LOGI_ASSIGN_OR_RETURN(const auto segment, segment::open_in_memory(std::move(bytes), path));
    data.sources.push_back(segment);
    for (std::uint32_t b = 0; b < segment->blocks().size(); ++b) {
        const block::BlockStats& stats = segment->blocks()[b];
        LOGI_ASSIGN_OR_RETURN(const auto block, segment->open_block(b));
        std::string text;
        for (std::uint32_t row = 0; row < stats.rows; ++row) {
            LOGI_ASSIGN_OR_RETURN(const auto line, block->line(row));
            text.append(line).push_back('\n');
        }
        Packed packed;
        packed.raw = text.size();
        codec::append_zstd(text, packed.zstd, 3);
        data.blocks.push_back(std::move(packed));
        data.line_bytes += stats.line_bytes;
        data.first = std::min(data.first, stats.min_time);
        data.last = std::max(data.last, stats.max_time);
    }
    return absl::OkStatus();
}

// Lines that are objects with a number `status` of 500 and more.
class Baseline {
  public:
    std::size_t count(const Packed& block) {
        const auto text = codec::unpack_zstd(block.zstd, block.raw);
        LOGI_CHECK(text.ok());
        padded_.assign(text->view());
        padded_.append(simdjson::SIMDJSON_PADDING, '\0');
        std::size_t found = 0;
        for (std::size_t at = 0; at < block.raw;) {
            const std::size_t end = padded_.find('\n', at);
            if (padded_[at] == '{') {
                const std::size_t capacity = padded_.size() - at;
                auto document = parser_.iterate(padded_.data() + at, end - at, capacity);
                double status = 0;
                const bool got = document["status"].get(status) == simdjson::SUCCESS;
                found += got && status >= 500 ? 1U : 0U;
            }
            at = end + 1;
        }
        return found;
    }

  private:
    simdjson::ondemand::parser parser_;
    std::string padded_;
};

// What is asked, and of which streams.
struct Question {
    std::string selector;
    std::string stages;
};

StatusOr<double> ask(const Data& data, const Question& question, bool columns) {
    query::Request request;
    const std::int64_t seconds = (data.last - data.first).ns / kNanosPerSecond + 2;
    request.query = "sum(count_over_time(" + question.selector + " " + question.stages + " [" +
                    std::to_string(seconds) + "s]))";
    request.instant = true;
    request.end = data.last + Duration{1};
    request.start = request.end;
    request.now = request.end;
    request.columns = columns;
    LOGI_ASSIGN_OR_RETURN(auto prepared, query::prepare(std::move(request)));
    LOGI_ASSIGN_OR_RETURN(const auto result,
                          query::run_simulated(data.sources, std::move(prepared)));
    return result.series.empty() ? 0 : result.series[0].points[0].value;
}

// Other stages than those of the baseline: columns against lines.
Status compare(const Data& data, const Question& question, std::size_t runs) {
    StatusOr<double> counted[2] = {0.0, 0.0};
    double speeds[2] = {};
    for (const bool columns : {false, true}) {
        speeds[columns ? 1 : 0] = best_gb_per_s(runs, data.line_bytes, [&] {
            counted[columns ? 1 : 0] = ask(data, question, columns);
        });
        LOGI_RETURN_IF_ERROR(counted[columns ? 1 : 0].status());
    }
    if (*counted[0] != *counted[1]) {
        return absl::InternalError("the counts differ");
    }
    std::printf(
        "`%s` counted over %.0f MB, %.0f found: lines %.2f GB/s, columns %.2f, ratio %.1f\n",
        question.stages.c_str(),
        static_cast<double>(data.line_bytes) / 1e6,
        *counted[0],
        speeds[0],
        speeds[1],
        speeds[1] / speeds[0]);
    return absl::OkStatus();
}

Status run(const std::vector<std::string>& segments,
           const Question& question,
           std::size_t runs,
           bool only_json,
           bool only_columns) {
    Data data;
    for (const std::string& path : segments) {
        LOGI_RETURN_IF_ERROR(add_segment(path, only_json, data));
    }
    for (std::size_t i = 0; only_columns && i < runs; ++i) {
        LOGI_RETURN_IF_ERROR(ask(data, question, true).status());
    }
    if (only_columns) {
        return absl::OkStatus();
    }
    if (question.stages != kBaselineStages) {
        return compare(data, question, runs);
    }
    std::size_t expected = 0;
    Baseline baseline;
    const double zstd = best_gb_per_s(runs, data.line_bytes, [&] {
        expected = 0;
        for (const Packed& block : data.blocks) {
            expected += baseline.count(block);
        }
    });
    Status status;
    std::vector<double> speeds;
    for (const bool columns : {false, true}) {
        speeds.push_back(best_gb_per_s(runs, data.line_bytes, [&] {
            const auto counted = ask(data, question, columns);
            if (!counted.ok() || static_cast<std::size_t>(*counted) != expected) {
                status = counted.ok() ? absl::InternalError("the counts differ") : counted.status();
            }
        }));
    }
    LOGI_RETURN_IF_ERROR(status);
    std::printf(
        "`| json | status >= 500` counted over %.0f MB, %zu found\n\n"
        "| | GB/s | ratio |\n|---|---|---|\n| zstd -3 and simdjson | %.2f | 1 |\n"
        "| lines | %.2f | %.1f |\n| columns | %.1f | %.1f |\n",
        static_cast<double>(data.line_bytes) / 1e6,
        expected,
        zstd,
        speeds[0],
        speeds[0] / zstd,
        speeds[1],
        speeds[1] / zstd);
    return absl::OkStatus();
}

int main(int argc, char** argv) {
    CLI::App app("A condition on a field of JSON lines against zstd and simdjson.");
    std::vector<std::string> segments;
    Question question{"{service_name=~\".+\"}", kBaselineStages};
    std::size_t runs = 5;
    bool only_json = false;
    bool only_columns = false;
    app.add_option("--segment", segments, "segment files")->required();
    app.add_option(
        "--selector", question.selector, "of the streams; all of the segments must match");
    app.add_option("--stages", question.stages, "others than the baseline's: against lines only");
    app.add_option("--runs", runs, "of everything; the best counts");
    app.add_flag("--json", only_json, "only lines that are objects");
    app.add_flag("--only-columns", only_columns, "for a profiler: no baselines");
    CLI11_PARSE(app, argc, argv);
    if (const Status s = run(segments, question, runs, only_json, only_columns); !s.ok()) {
        std::fprintf(stderr, "%s\n", std::string(s.message()).c_str());
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace logi::bench

int main(int argc, char** argv) {
    return logi::bench::main(argc, argv);
}
