// bench_block: templates and columns against zstd, on lines of segments or of text files, in one
// process and one thread. Prints one row of ratios per input.
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "block/line_encoder.h"
#include "block/line_reader.h"
#include "codec/compress.h"
#include "files.h"
#include "regex/substring.h"
#include "segment/memory_file.h"
#include "stopwatch.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>

namespace logi::bench {
namespace {

struct Line {
    Timestamp time;
    std::string text;
};

// In the order of its blocks.
Status add_segment(const std::string& path, std::size_t bytes_max, std::vector<Line>& lines) {
    LOGI_ASSIGN_OR_RETURN(const auto segment, segment::open_in_memory(file_bytes(path), path));
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

struct Options {
    std::size_t block_kb = 2048;
    std::size_t mb = 64;
    std::size_t runs = 1;
    std::size_t dump_block = 0;
    bool only_encode = false;
    bool only_search = false;  // for a profiler: no baselines
    bool only_decode = false;
};

// A block, stored both ways.
struct Stored {
    std::vector<Timestamp> times;
    std::uint64_t line_bytes = 0;
    std::string zstd3;
    std::optional<block::EncodedColumns> templates;
    std::string tree;  // of the templates, packed

    [[nodiscard]] std::unique_ptr<block::LineReader> open() const {
        auto reader = block::LineReader::open(
            *codec::decompress(tree),
            [this](std::uint64_t offset, std::uint64_t length) -> StatusOr<std::string> {
                return templates->data.substr(offset, length);
            },
            [this]() -> StatusOr<absl::Span<const Timestamp>> {
                return absl::MakeConstSpan(times);
            },
            static_cast<std::uint32_t>(times.size()),
            line_bytes);
        return *std::move(reader);
    }
};

void dump(const Stored& stored) {
    std::printf("tree %zu, parts %zu\n", stored.tree.size(), stored.templates->data.size());
    const auto reader = stored.open();  // the notes are views of what it has
    const auto notes = reader->describe();
    LOGI_CHECK(notes.ok());
    for (const auto& note : *notes) {
        std::printf("%*s%s rows %zu bytes %llu %s%s\n",
                    note.depth * 2,
                    "",
                    std::string(block::kColumnKindNames[note.kind]).c_str(),
                    note.rows,
                    static_cast<unsigned long long>(note.stored_bytes),
                    note.text.c_str(),
                    absl::StrJoin(note.pieces, "<>").c_str());
    }
}

struct Totals {
    std::size_t text = 0;
    std::size_t zstd1 = 0;
    std::size_t zstd3 = 0;
    std::size_t templates = 0;
    std::size_t fallbacks = 0;
    Stopwatch encode_zstd1;
    Stopwatch encode_zstd3;
    Stopwatch encode_templates;
    Stopwatch decode_zstd3;
    Stopwatch decode_templates;
};

Stored encode(absl::Span<const block::Row> rows,
              block::LineEncoder& encoder,
              const Options& options,
              Totals& t) {
    Stored stored;
    std::string text;
    for (const auto& row : rows) {
        text.append(row.line);
        stored.times.push_back(row.time);
    }
    stored.line_bytes = text.size();
    const bool once = options.only_search || options.only_decode;
    for (std::size_t i = 0; i < (once ? 1 : options.runs); ++i) {
        t.encode_templates.measure([&] { stored.templates = encoder.encode(rows); });
        if (options.only_encode || options.only_decode) {
            continue;
        }
        std::string z1;
        stored.zstd3.clear();
        t.encode_zstd1.measure([&] { codec::append_zstd(text, z1, 1); });
        t.encode_zstd3.measure([&] { codec::append_zstd(text, stored.zstd3, 3); });
        t.zstd1 = i == 0 ? t.zstd1 + z1.size() : t.zstd1;
    }
    t.text += text.size();
    t.zstd3 += stored.zstd3.size();
    if (stored.templates) {
        stored.tree = stored.templates->packed_tree();
        t.templates += stored.tree.size() + stored.templates->data.size();
    } else {
        ++t.fallbacks;
        t.templates += stored.zstd3.size();
    }
    return stored;
}

// A figure for something else than the text would be none.
void check_text(const Stored& block) {
    const auto text = codec::unpack_zstd(block.zstd3, block.line_bytes);
    LOGI_CHECK(text.ok());
    std::string_view left = text->view();
    const auto reader = block.open();
    const auto lines = reader->all();
    LOGI_CHECK(lines.ok());
    for (const std::string_view line : *lines) {
        LOGI_CHECK(left.starts_with(line));
        left.remove_prefix(line.size());
    }
    LOGI_CHECK(left.empty());
}

void decode(const std::vector<Stored>& blocks, const Options& options, Totals& t) {
    for (std::size_t i = 0; i < options.runs; ++i) {
        for (const Stored& block : blocks) {
            t.decode_zstd3.measure([&] {
                if (options.only_decode) {
                    return;
                }
                const auto text = codec::unpack_zstd(block.zstd3, block.line_bytes);
                LOGI_CHECK(text.ok());
            });
            t.decode_templates.measure([&] { LOGI_CHECK(block.open()->all().ok()); });
            if (i == 0 && !options.only_decode) {
                check_text(block);
            }
        }
    }
}

// Counts the lines with a text; both ways must find the same.
void search(const std::vector<Stored>& blocks, std::string_view needle, const Options& options) {
    Stopwatch zstd;
    Stopwatch templates;
    std::size_t bytes = 0;
    std::size_t found = 0;
    std::size_t hits = 0;
    for (std::size_t i = 0; i < options.runs; ++i) {
        for (const Stored& block : blocks) {
            bytes += block.line_bytes;
        }
        zstd.measure([&] {
            for (const Stored& block : blocks) {
                if (options.only_search) {
                    return;
                }
                const auto text = codec::unpack_zstd(block.zstd3, block.line_bytes);
                for (std::size_t at = 0;
                     (at = regex::find(text->view(), needle, at)) != regex::kNotFound;
                     ++at) {
                    ++hits;
                }
            }
        });
        templates.measure([&] {
            for (const Stored& block : blocks) {
                const auto rows = block.open()->match({needle});
                rows->for_each([&](std::size_t) { ++found; });
            }
        });
    }
    std::printf("| %s | %zu | %.2f | %.1f | %.1f |\n",
                std::string(needle).c_str(),
                found / options.runs,
                zstd.mb_per_s(bytes) / 1e3,
                templates.mb_per_s(bytes) / 1e3,
                templates.mb_per_s(bytes) / zstd.mb_per_s(bytes));
}

void run(const std::string& name,
         const std::vector<Line>& lines,
         const std::vector<std::string>& needles,
         const Options& options) {
    block::LineEncoder encoder;
    Totals t;
    std::vector<Stored> blocks;
    std::vector<block::Row> rows;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        rows.push_back({.time = lines[i].time, .sequence = {}, .line = lines[i].text});
        bytes += lines[i].text.size();
        if (bytes >= options.block_kb << 10U || i + 1 == lines.size()) {
            blocks.push_back(encode(rows, encoder, options, t));
            if (options.dump_block == blocks.size() && blocks.back().templates) {
                dump(blocks.back());
            }
            rows.clear();
            bytes = 0;
        }
    }
    const std::size_t text = t.text * options.runs;
    if (options.only_encode) {
        std::printf("%.0f MB/s\n", t.encode_templates.mb_per_s(text));
        return;
    }
    if (options.only_decode) {
        decode(blocks, options, t);
        std::printf("%.0f MB/s\n", t.decode_templates.mb_per_s(text));
        return;
    }
    const auto ratio = [](auto a, auto b) {
        return static_cast<double>(a) / static_cast<double>(b);
    };
    std::erase_if(blocks, [](const Stored& block) { return !block.templates; });
    std::printf("\n%s: %.1f MB, %zu blocks of templates, %zu of zstd\n\n",
                name.c_str(),
                static_cast<double>(t.text) / 1e6,
                blocks.size(),
                t.fallbacks);
    std::printf("| | zstd-1 | zstd-3 | templates | |\n|---|---|---|---|---|\n");
    std::printf("| ratio | %.2f | %.2f | %.2f | size/zstd-3 %.3f |\n",
                ratio(t.text, t.zstd1),
                ratio(t.text, t.zstd3),
                ratio(t.text, t.templates),
                ratio(t.templates, t.zstd3));
    std::printf("| encode MB/s | %.0f | %.0f | %.0f | /zstd-1 %.2f |\n",
                t.encode_zstd1.mb_per_s(text),
                t.encode_zstd3.mb_per_s(text),
                t.encode_templates.mb_per_s(text),
                t.encode_templates.mb_per_s(text) / t.encode_zstd1.mb_per_s(text));
    if (blocks.empty()) {
        return;
    }
    if (!options.only_search) {
        decode(blocks, options, t);
    }
    std::printf("| decode MB/s | | %.0f | %.0f | /zstd-3 %.2f |\n",
                t.decode_zstd3.mb_per_s(text),
                t.decode_templates.mb_per_s(text),
                t.decode_templates.mb_per_s(text) / t.decode_zstd3.mb_per_s(text));
    std::printf(
        "\n| needle | lines | zstd-3 + find GB/s | templates GB/s | ratio "
        "|\n|---|---|---|---|---|\n");
    for (const std::string& needle : needles) {
        search(blocks, needle, options);
    }
}

int main(int argc, char** argv) {
    CLI::App app("Templates and columns against zstd.");
    std::vector<std::string> segments;
    std::vector<std::string> texts;
    std::vector<std::string> needles = {
        "503", "10.3.", "NOSUCHTOKEN", "e0c52557671dd4dcb78bb541b3d0aae9", "completed"};
    Options options;
    app.add_option("--segment", segments, "segment files");
    app.add_option("--text", texts, "text files");
    app.add_option("--needle", needles, "texts to count lines with");
    app.add_option("--block-kb", options.block_kb, "lines per block");
    app.add_option("--mb", options.mb, "at most, of each");
    app.add_option("--runs", options.runs, "of everything");
    app.add_option("--dump", options.dump_block, "print the columns of this block");
    app.add_flag("--only-encode", options.only_encode, "for a profiler");
    app.add_flag("--only-decode", options.only_decode, "for a profiler");
    app.add_flag("--only-search", options.only_search, "for a profiler");
    CLI11_PARSE(app, argc, argv);
    std::vector<Line> lines;
    for (const auto& path : segments) {
        if (const Status s = add_segment(path, options.mb << 20U, lines); !s.ok()) {
            std::fprintf(stderr, "%s\n", std::string(s.message()).c_str());
            return 1;
        }
    }
    if (!lines.empty()) {
        run("segments", lines, needles, options);
    }
    for (const auto& path : texts) {
        lines.clear();
        add_text(path, options.mb << 20U, lines);
        run(path, lines, needles, options);
    }
    return 0;
}

}  // namespace
}  // namespace logi::bench

int main(int argc, char** argv) {
    return logi::bench::main(argc, argv);
}
