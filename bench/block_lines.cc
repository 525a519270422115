// bench_block: templates and columns against zstd, on lines of segments or of text files, in one
// process and one thread. Prints one row of ratios per input.
#include "block/line_encoder.h"
#include "block/line_reader.h"
#include "codec/compress.h"
#include "segment/segment_reader.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

namespace logi::bench {
namespace {

struct Line {
    Timestamp time;
    std::string text;
};

double cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// A stopwatch of CPU time over many short stretches.
class Watch {
  public:
    template <typename F>
    void measure(F&& work) {
        const double begin = cpu_s();
        work();
        seconds_ += cpu_s() - begin;
    }
    [[nodiscard]] double mb_per_s(std::size_t bytes) const {
        return static_cast<double>(bytes) / seconds_ / 1e6;
    }

  private:
    double seconds_ = 0;
};

class MemoryFile final : public segment::SegmentFile {
  public:
    explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] StatusOr<std::string> read(std::uint64_t offset,
                                             std::uint64_t length) const override {
        return bytes_.substr(offset, length);
    }

  private:
    std::string bytes_;
};

std::string file_bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// In the order of its blocks.
Status add_segment(const std::string& path, std::size_t bytes_max, std::vector<Line>& lines) {
    LOGI_ASSIGN_OR_RETURN(
        const auto segment,
        segment::SegmentReader::open(std::make_shared<MemoryFile>(file_bytes(path)), path));
    std::size_t bytes = 0;
    for (std::uint32_t b = 0; b < segment->blocks().size() && bytes < bytes_max; ++b) {
        LOGI_ASSIGN_OR_RETURN(const auto block, segment->open_block(b));
        LOGI_ASSIGN_OR_RETURN(const auto times, block->times());
        for (std::uint32_t row = 0; row < times.size(); ++row) {
            LOGI_ASSIGN_OR_RETURN(const auto line, block->line(row));
            lines.push_back({times[row], std::string(line)});
            bytes += line.size();
        }
    }
    return absl::OkStatus();
}

// A text file's lines, a millisecond apart.
void add_text(const std::string& path, std::size_t bytes_max, std::vector<Line>& lines) {
    std::ifstream in(path, std::ios::binary);
    std::size_t bytes = 0;
    std::string line;
    for (std::int64_t i = 0; bytes < bytes_max && std::getline(in, line); ++i) {
        bytes += line.size();
        lines.push_back({{1'700'000'000 * kNanosPerSecond + i * kNanosPerMilli}, line});
    }
}

// The tree of columns of a block.
void dump(const block::EncodedLines& encoded,
          absl::Span<const block::Row> rows,
          std::size_t bytes) {
    static constexpr const char* kKinds[] = {
        "constant", "dictionary", "integer", "hex", "time", "string", "templates", "shared"};
    const auto reader = block::LineReader::open(
        encoded.tree,
        [&](std::uint64_t offset, std::uint64_t length) -> StatusOr<std::string> {
            return encoded.data.substr(offset, length);
        },
        []() -> StatusOr<std::vector<Timestamp>> { return std::vector<Timestamp>(); },
        static_cast<std::uint32_t>(rows.size()),
        bytes);
    const auto notes = (*reader)->describe();
    std::printf("tree %zu (%zu), data %zu\n",
                encoded.tree.size(),
                codec::compress(encoded.tree).size(),
                encoded.data.size());
    for (const auto& note : *notes) {
        std::printf("%*s%s rows %zu bytes %llu %s\n",
                    note.depth * 2,
                    "",
                    kKinds[note.kind],
                    note.rows,
                    static_cast<unsigned long long>(note.stored_bytes),
                    note.text.c_str());
    }
}

std::size_t dump_block = 0;
std::size_t runs = 1;
bool only_templates = false;

struct Totals {
    std::size_t text = 0;
    std::size_t zstd1 = 0;
    std::size_t zstd3 = 0;
    std::size_t templates = 0;
    std::size_t fallbacks = 0;
    std::size_t blocks = 0;
    Watch encode_zstd1;
    Watch encode_zstd3;
    Watch encode_templates;
};

void run_block(absl::Span<const block::Row> rows, block::LineEncoder& encoder, Totals& t) {
    std::string text;
    for (const auto& row : rows) {
        text.append(row.line);
    }
    std::string z1;
    std::string z3;
    std::optional<block::EncodedLines> encoded;
    if (only_templates) {
        encoded = encoder.encode(rows);
        t.text += text.size();
        return;
    }
    t.encode_zstd1.measure([&] { codec::append_zstd(text, z1, 1); });
    t.encode_templates.measure([&] { encoded = encoder.encode(rows); });
    t.encode_zstd3.measure([&] { codec::append_zstd(text, z3, 3); });
    t.text += text.size();
    t.zstd1 += z1.size();
    t.zstd3 += z3.size();
    ++t.blocks;
    if (encoded) {
        if (dump_block == 999 || t.blocks == dump_block) {
            dump(*encoded, rows, text.size());
        }
        t.templates += codec::compress(encoded->tree).size() + encoded->data.size();
    } else {
        ++t.fallbacks;
        t.templates += z3.size();
    }
}

void run(const std::string& name, const std::vector<Line>& lines, std::size_t block_bytes) {
    block::LineEncoder encoder;
    Totals t;
    std::vector<block::Row> rows;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        rows.push_back({.time = lines[i].time, .sequence = {}, .line = lines[i].text});
        bytes += lines[i].text.size();
        if (bytes >= block_bytes || i + 1 == lines.size()) {
            for (std::size_t n = 0; n < runs; ++n) {
                run_block(rows, encoder, t);
            }
            rows.clear();
            bytes = 0;
        }
    }
    const auto ratio = [](auto a, auto b) {
        return static_cast<double>(a) / static_cast<double>(b);
    };
    std::printf(
        "%s: %.1f MB in %zu blocks (%zu zstd); ratio zstd-1 %.2f zstd-3 %.2f templates %.2f; "
        "size/zstd-3 %.3f; "
        "encode MB/s zstd-1 %.0f zstd-3 %.0f templates %.0f; encode/zstd-1 %.2f\n",
        name.c_str(),
        static_cast<double>(t.text) / 1e6,
        t.blocks,
        t.fallbacks,
        ratio(t.text, t.zstd1),
        ratio(t.text, t.zstd3),
        ratio(t.text, t.templates),
        ratio(t.templates, t.zstd3),
        t.encode_zstd1.mb_per_s(t.text),
        t.encode_zstd3.mb_per_s(t.text),
        t.encode_templates.mb_per_s(t.text),
        t.encode_templates.mb_per_s(t.text) / t.encode_zstd1.mb_per_s(t.text));
}

int main(int argc, char** argv) {
    CLI::App app("Templates and columns against zstd.");
    std::vector<std::string> segments;
    std::vector<std::string> texts;
    std::size_t block_kb = 2048;
    std::size_t mb = 64;
    app.add_option("--segment", segments, "segment files");
    app.add_option("--text", texts, "text files");
    app.add_option("--block-kb", block_kb, "lines per block");
    app.add_option("--mb", mb, "at most, of each");
    app.add_option("--dump", dump_block, "print the columns of this block");
    app.add_option("--runs", runs, "of every block");
    app.add_flag("--only-templates", only_templates, "for a profiler");
    CLI11_PARSE(app, argc, argv);
    std::vector<Line> lines;
    for (const auto& path : segments) {
        if (const Status s = add_segment(path, mb << 20U, lines); !s.ok()) {
            std::fprintf(stderr, "%s\n", std::string(s.message()).c_str());
            return 1;
        }
    }
    if (!lines.empty()) {
        run("segments", lines, block_kb << 10U);
    }
    for (const auto& path : texts) {
        lines.clear();
        add_text(path, mb << 20U, lines);
        run(path, lines, block_kb << 10U);
    }
    return 0;
}

}  // namespace
}  // namespace logi::bench

int main(int argc, char** argv) {
    return logi::bench::main(argc, argv);
}
