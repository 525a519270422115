// Any lines come back from templates and columns, a text is found in them where it is, and a block
// whose bytes were changed is refused or read, within bounds. The input is lines, then behind a
// zero byte changes: two bytes of place, one byte to add.
#include "block/line_encoder.h"
#include "block/line_reader.h"
#include "changed_columns.h"

#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;
using namespace logi::fuzz;

constexpr std::size_t kLinesMax = 200;
constexpr int kVariants = 9;  // of each line, so that there are templates

struct Lines {
    std::vector<std::string> texts;
    std::vector<Timestamp> times;
    std::uint64_t bytes = 0;

    void add(std::string text) {
        bytes += text.size();
        times.push_back(
            {1'700'000'000'000'000'000 + static_cast<std::int64_t>(texts.size()) * 1'000'003});
        texts.push_back(std::move(text));
    }
};

// Each line several times, with other digits.
Lines lines_of(std::string_view text) {
    Lines lines;
    for (std::size_t n = 0; n < kLinesMax && !text.empty(); ++n) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        for (int variant = 0; variant < kVariants; ++variant) {
            std::string other(line);
            for (char& c : other) {
                if (c >= '0' && c <= '9') {
                    c = static_cast<char>('0' + (c - '0' + variant * variant) % 10);
                }
            }
            lines.add(std::move(other));
        }
    }
    return lines;
}

StatusOr<std::unique_ptr<block::LineReader>> open(const block::EncodedColumns& encoded,
                                                  const Lines& lines) {
    return block::LineReader::open(
        base::Buffer::copy_of(encoded.whole_tree()),
        fetch_from(encoded),
        [&lines]() -> StatusOr<absl::Span<const Timestamp>> {
            return absl::MakeConstSpan(lines.times);
        },
        static_cast<std::uint32_t>(lines.texts.size()),
        lines.bytes);
}

void check_same(const block::EncodedColumns& encoded, const Lines& lines) {
    const auto reader = open(encoded, lines);
    must(reader.ok());
    const std::string& some = lines.texts[lines.texts.size() / 2];
    const block::Needle needle{std::string_view(some).substr(some.size() / 3, 9)};
    const auto found = (*reader)->match(needle);
    const auto all = (*reader)->all();
    must(found.ok() && all.ok());
    for (std::size_t i = 0; i < lines.texts.size(); ++i) {
        must((*all)[i] == lines.texts[i]);
        must(found->has(i) == needle.in(lines.texts[i]));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\0'));
    const Lines lines = lines_of(text);
    if (lines.texts.empty()) {
        return 0;
    }
    std::vector<block::Row> rows;
    for (std::size_t i = 0; i < lines.texts.size(); ++i) {
        rows.push_back({.time = lines.times[i], .sequence = {}, .line = lines.texts[i]});
    }
    block::LineEncoder encoder;
    auto encoded = encoder.encode(rows);
    if (!encoded) {
        return 0;
    }
    check_same(*encoded, lines);
    change(*encoded, input.substr(std::min(text.size() + 1, input.size())));
    if (const auto reader = open(*encoded, lines); reader.ok()) {
        (void)(*reader)->match({"503"});
        (void)(*reader)->match({"a", false, true});
        std::vector<std::string_view> parts;
        (void)(*reader)->parts_of(0, parts);
        (void)(*reader)->all();
        (void)(*reader)->describe();
    }
    return 0;
}
