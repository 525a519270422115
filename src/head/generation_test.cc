#include "head/generation.h"

#include "absl/strings/str_cat.h"
#include "segment/memory_file.h"

#include <gtest/gtest.h>

namespace logi::head {
namespace {

using Line = std::tuple<std::string, std::int64_t, std::string>;

std::vector<Line> lines_of(const segment::Source& source) {
    std::vector<Line> lines;
    const auto all = *source.select_all();
    for (std::uint32_t b = 0; b < all.blocks().size(); ++b) {
        auto block = *all.open_block(b);
        const auto streams = *block->streams();
        const auto times = *block->times();
        for (std::uint32_t i = 0; i < block->stats().rows; ++i) {
            lines.emplace_back(
                all.labels(streams[i]).to_string(), times[i].ns, std::string(*block->line(i)));
        }
    }
    std::sort(lines.begin(), lines.end());
    // Entries may be equal in two blocks; answers show them once.
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return lines;
}

TEST(Generation, ViewAndSegmentsShowTheSameEntriesOnce) {
    Generation generation(1, 0);
    const Labels a = *Labels::parse("{app=\"a\"}");
    const Labels b = *Labels::parse("{app=\"b\"}");
    std::vector<Line> expected;
    std::vector<std::string> texts;
    for (int i = 0; i < 3000; ++i) {
        texts.push_back(absl::StrCat("line ", i, std::string(1000, 'x')));
    }
    for (int i = 0; i < 3000; ++i) {
        const Labels& labels = i % 2 == 0 ? a : b;
        // Times go backwards over three days.
        const std::int64_t ns = (3000 - i) * 86 * kNanosPerSecond;
        const std::string& text = texts[static_cast<std::size_t>(i)];
        std::vector<EntryView> entries = {{{ns}, text, {}}};
        if (i % 10 == 0) {
            entries.push_back(entries.front());  // the same entry again
        }
        generation.append(labels, labels.id(), entries, static_cast<std::uint64_t>(i) + 1, 0);
        expected.emplace_back(labels.to_string(), ns, text);
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(lines_of(*generation.view()), expected);
    EXPECT_GT(generation.view()->blocks().size(), 1U);
    generation.seal(3000);
    EXPECT_EQ(lines_of(*generation.view()), expected);
    std::vector<Line> flushed;
    std::size_t segments = 0;
    ASSERT_TRUE(generation
                    .flush([&](FlushedSegment s) {
                        ++segments;
                        const auto reader = segment::open_in_memory(std::move(s.bytes), "s");
                        EXPECT_TRUE(reader.ok());
                        for (auto& line : lines_of(**reader)) {
                            flushed.push_back(std::move(line));
                        }
                        return absl::OkStatus();
                    })
                    .ok());
    std::sort(flushed.begin(), flushed.end());
    EXPECT_EQ(flushed, expected);
    EXPECT_EQ(segments, 3U);
}

// Loggers without clocks exist: a hundred thousand lines of one time, each twice.
TEST(Generation, ManyEntriesOfOneTime) {
    Generation generation(1, 0);
    const Labels labels = *Labels::parse("{app=\"a\"}");
    constexpr std::uint64_t kDistinct = 100'000;
    for (std::uint64_t i = 0; i < 2 * kDistinct; ++i) {
        const std::string line = absl::StrCat("line ", i % kDistinct);
        const std::string value = absl::StrCat(i % 2);
        generation.append(
            labels, labels.id(), {{{5}, line, {}}, {{5}, "same", {{"k", value}}}}, i + 1, 0);
    }
    generation.seal(2 * kDistinct);
    std::uint64_t rows = 0;
    std::uint64_t duplicates = 0;
    ASSERT_TRUE(generation
                    .flush([&](FlushedSegment s) {
                        rows += s.rows;
                        duplicates += s.duplicates;
                        return absl::OkStatus();
                    })
                    .ok());
    EXPECT_EQ(rows, kDistinct + 2);
    EXPECT_EQ(rows + duplicates, 4 * kDistinct);
}

// Entries that point into a kept record: of two groups, with times out of order, and after whatever
// else owned the record has let go of it.
TEST(Generation, KeepsRecordsInsteadOfCopies) {
    const Labels labels = *Labels::parse("{app=\"a\"}");
    std::vector<Line> expected;
    Generation kept(1, 0);
    Generation copied(1, 0);
    for (std::uint64_t position = 1; position <= 3; ++position) {
        auto record = std::make_shared<std::string>();
        constexpr std::size_t kLineBytes = 1'500'000;
        for (std::size_t i = 0; i < 2; ++i) {
            record->append(kLineBytes, static_cast<char>('a' + position * 2 + i));
        }
        std::vector<EntryView> entries;
        for (std::size_t i = 0; i < 2; ++i) {
            const std::int64_t ns = 100 - static_cast<std::int64_t>(position * 2 + i);
            const auto line = std::string_view(*record).substr(i * kLineBytes, kLineBytes);
            entries.push_back({{ns}, line, {{line.substr(0, 1), line.substr(1, 2)}}});
            expected.emplace_back(labels.to_string(), ns, std::string(line));
        }
        copied.append(labels, labels.id(), entries, position, 0);
        kept.append(labels, labels.id(), entries, position, 0, record);
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_GT(kept.view()->blocks().size(), 1U);
    EXPECT_EQ(lines_of(*kept.view()), expected);
    EXPECT_EQ(lines_of(*copied.view()), expected);
    // A record that two groups keep counts once.
    EXPECT_LT(kept.memory_bytes(), copied.memory_bytes() + 1000);
    std::vector<MetadataView> metadata;
    const auto view = kept.view();
    auto block = *view->open_block(0);
    ASSERT_TRUE(block->metadata(0, metadata).ok());
    const std::string first((*block->line(0)).substr(0, 3));
    EXPECT_EQ(metadata,
              (std::vector<MetadataView>{
                  {std::string_view(first).substr(0, 1), std::string_view(first).substr(1, 2)}}));
}

TEST(Generation, EqualTimesKeepTheirOrderOfArrival) {
    Generation generation(1, 0);
    const Labels labels = *Labels::parse("{app=\"a\"}");
    generation.append(labels, labels.id(), {{{5}, "z", {}}, {{5}, "a", {}}}, 1, 0);
    generation.append(labels, labels.id(), {{{5}, "m", {}}}, 2, 0);
    const auto view = generation.view();
    auto block = *view->open_block(0);
    EXPECT_EQ(*block->line(0), "z");
    EXPECT_EQ(*block->line(1), "a");
    EXPECT_EQ(*block->line(2), "m");
}

}  // namespace
}  // namespace logi::head
