#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "regex/line_filter.h"
#include "segment/inspect.h"
#include "segment/memory_file.h"
#include "segment/segment_writer.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace logi::segment {
namespace {

StatusOr<std::shared_ptr<const SegmentReader>> open(const std::string& bytes) {
    return open_in_memory(bytes, "test.segment");
}

struct Model {
    std::vector<Labels> streams;
    std::vector<std::string> lines;
    std::vector<std::vector<MetadataView>> metadata;
    std::vector<block::Row> rows;
};

Model random_rows(std::uint32_t seed, std::size_t count, bool templates) {
    std::mt19937 random(seed);
    Model m;
    for (int i = 0; i < 20; ++i) {
        m.streams.push_back(Labels::from_pairs(
            {{"app", absl::StrCat("a", i / 5)}, {"pod", i % 3 == 0 ? "" : absl::StrCat("p", i)}}));
    }
    const std::vector<MetadataView> pool = {{"level", "info"}, {"trace", "x"}, {"user", ""}};
    m.lines.reserve(count);
    m.metadata.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::string line(random() % 60, ' ');
        for (auto& c : line) {
            c = "ab\n\0 =\xff"[random() % 7];
        }
        if (templates) {
            line = random() % 2 == 0
                       ? absl::StrCat("took ", random() % 900, " ms, a+b=", random() % 7, "\n")
                       : absl::StrCat("level=info id=", absl::Hex(random() | 1U << 31U), " ab zz");
        }
        if (random() % 500 == 0) {
            line.assign(300'000, 'z');
        }
        m.lines.push_back(line);
        const std::size_t n = random() % 3;
        m.metadata.emplace_back(pool.begin(), pool.begin() + static_cast<std::ptrdiff_t>(n));
        block::Row row;
        row.stream = static_cast<std::uint32_t>(random() % 20);
        row.time = {(static_cast<std::int64_t>(random() % 50) - 25) *
                    (templates ? 1'000'000 : 1'234'567)};
        row.sequence = {7, i + 1, static_cast<std::uint32_t>(random() % 3)};
        row.line = m.lines.back();
        row.metadata = m.metadata.back().data();
        row.metadata_count = static_cast<std::uint32_t>(n);
        m.rows.push_back(row);
    }
    std::sort(m.rows.begin(), m.rows.end(), [](const auto& a, const auto& b) {
        return std::tie(a.stream, a.time, a.sequence) < std::tie(b.stream, b.time, b.sequence);
    });
    return m;
}

std::string write(const Model& m) {
    SegmentWriter writer(m.streams);
    for (const auto& row : m.rows) {
        writer.add(row);
    }
    return writer.finish();
}

// Compares every row; false at the first error, which must be kDataLoss.
bool equal(const SegmentReader& segment, const Model& m) {
    std::size_t next = 0;
    const auto all = segment.select_all();
    if (!all.ok()) {
        EXPECT_TRUE(absl::IsDataLoss(all.status())) << all.status();
        return false;
    }
    for (std::uint32_t b = 0; b < segment.blocks().size(); ++b) {
        auto block = *segment.open_block(b);
        const auto streams = block->streams();
        const auto times = block->times();
        const auto sequences = block->sequences();
        if (!streams.ok() || !times.ok() || !sequences.ok()) {
            return false;
        }
        for (std::uint32_t i = 0; i < block->stats().rows; ++i, ++next) {
            const block::Row& row = m.rows.at(next);
            std::vector<MetadataView> metadata;
            const auto line = block->line(i);
            if (!line.ok() || !block->metadata(i, metadata).ok()) {
                return false;
            }
            EXPECT_EQ(all->labels((*streams)[i]), m.streams[row.stream]);
            EXPECT_EQ((*times)[i], row.time);
            EXPECT_EQ((*sequences)[i], row.sequence);
            EXPECT_EQ(*line, row.line);
            EXPECT_EQ(metadata,
                      std::vector<MetadataView>(row.metadata, row.metadata + row.metadata_count));
        }
    }
    EXPECT_EQ(next, m.rows.size());
    return true;
}

// With lines that templates suit, and without.
class SegmentOf : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(ZstdAndTemplates, SegmentOf, testing::Bool());

TEST_P(SegmentOf, RowsComeBack) {
    const Model m = random_rows(1, 20'000, GetParam());
    const auto segment = open(write(m));
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_GT((*segment)->blocks().size(), 3U);
    EXPECT_TRUE(equal(**segment, m));
    std::string text;
    EXPECT_TRUE(dump(**segment, {.verify = true}, text).ok()) << text;
    std::uint64_t rows = 0;
    const auto all = (*segment)->select_all();
    for (const auto& e : all->extents()) {
        rows += e.rows;
    }
    EXPECT_EQ(rows, m.rows.size());
}

TEST(Segment, DumpTellsWhatIsIn) {
    Model m = random_rows(5, 2'000, true);
    std::erase_if(m.rows, [](const auto& row) { return row.line.size() > 1000; });
    const auto segment = open(write(m));
    ASSERT_TRUE(segment.ok());
    std::string text;
    ASSERT_TRUE(dump(**segment, {.templates = 1}, text).ok());
    EXPECT_NE(text.find("level=<constant> id=<hex> ab zz\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nand 1 more\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nmetadata parts "), std::string::npos) << text;
    EXPECT_NE(text.find("\nhex "), std::string::npos) << text;
    EXPECT_NE(text.find(absl::StrCat(" streams 20 blocks 1 rows ", m.rows.size(), " line_bytes ")),
              std::string::npos)
        << text;
}

TEST_P(SegmentOf, ExtentsTellTheirBytes) {
    const Model m = random_rows(4, 5'000, GetParam());
    const auto segment = open(write(m));
    ASSERT_TRUE(segment.ok());
    std::size_t next = 0;
    // Rows lie in the order of the blocks, and in a block in the order of the streams.
    std::map<std::pair<std::uint32_t, std::uint32_t>, StreamExtent> extents;
    const auto all = (*segment)->select_all();
    for (const auto& e : all->extents()) {
        extents[{e.block, e.stream}] = e;
    }
    EXPECT_GT(extents.size(), 20U);
    for (const auto& [key, e] : extents) {
        std::uint64_t line_bytes = 0;
        std::uint64_t pairs = 0;
        std::set<std::string_view> texts;
        for (std::uint32_t i = 0; i < e.rows; ++i, ++next) {
            const block::Row& row = m.rows.at(next);
            ASSERT_EQ(row.stream, e.stream);
            line_bytes += row.line.size();
            pairs += row.metadata_count;
            for (std::uint32_t k = 0; k < row.metadata_count; ++k) {
                texts.insert(row.metadata[k].name);
                texts.insert(row.metadata[k].value);
            }
        }
        std::uint64_t metadata_bytes = 8 * pairs;
        for (const auto text : texts) {
            metadata_bytes += text.size();
        }
        EXPECT_TRUE(e.has_bytes);
        EXPECT_EQ(e.line_bytes, line_bytes);
        EXPECT_EQ(e.metadata_bytes, metadata_bytes);
    }
    EXPECT_EQ(next, m.rows.size());
}

// A file as version 1 wrote it: {app="a"} with two lines, the first with k=v, {app="b"} with one.
constexpr const char* kVersion1 =
    "4c4f47495345474d010000000000000000040002010100138080d0e2c6bfce972f80a8d6b90780a8"
    "d6b9070011c0af8fb3d29590eb31020000000200000200030a060500156669727374206c696e6573"
    "65636f6e647468697264000901016b01000176000001ab0128b52ffd20abfd040034090403617070"
    "0161620c736572766963655f6e616d650161620234fba0ad17ee6ed9a69220af312a47ca02000223"
    "7eb29ef4cea8f884a3d611d0e16b990201030100031500002a36fe9c971700945fad011006438bc9"
    "191615b7b091b12b13ed0280f93e05ead6500c4317956407835a0b01b0dc9e020000028080d0e2c6"
    "bfce972f80a8d6b90700010180d0fcd5d5bfce972f000300b8224032e58a508c6500000000000000"
    "ab0000000000000088b511c701000000805cb6244c4f47495345474d";

TEST(Segment, VersionOneIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion1));
    ASSERT_TRUE(segment.ok()) << segment.status();
    ASSERT_EQ((*segment)->stream_count(), 2U);
    const auto all = *(*segment)->select_all();
    EXPECT_EQ(all.labels(1).to_string(), R"({app="b", service_name="b"})");
    ASSERT_EQ(all.extents().size(), 2U);
    EXPECT_EQ(all.extents()[0].rows, 2U);
    EXPECT_FALSE(all.extents()[0].has_bytes);
    const auto block = *(*segment)->open_block(0);
    EXPECT_EQ(*block->line(2), "third");
    EXPECT_EQ(
        std::vector<std::uint32_t>(block->line_lengths()->begin(), block->line_lengths()->end()),
        (std::vector<std::uint32_t>{10, 6, 5}));
}

// The same without service names, as version 2 wrote it.
constexpr const char* kVersion2 =
    "4c4f47495345474d0200000000000000000400020101000b8280d0e2c6bfce972f02020011eab7e99aae"
    "c89eeb31020000000200000200030a0b05001a6669727374206c696e657365636f6e64206c696e657468"
    "697264000901016b010001760000008b01020361707001610361707001620255569d9e1c9029abb2636e"
    "0d13d948350100ed4a38e0d1a69a083bf47fff676bca7901010100031a01002a36fe9c971703002a36fe"
    "9c971700011006438bc919160dfa8312e42313258c183e3605f9ec6ccc3b1c36ce3c3c570b01b0dc9e02"
    "0000028280d0e2c6bfce972f02150a0001018680d0e2c6bfce972f00050062000000000000008e000000"
    "00000000a402a3ae02000000415d55034c4f47495345474d";

TEST(Segment, VersionTwoIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion2));
    ASSERT_TRUE(segment.ok()) << segment.status();
    const auto all = *(*segment)->select_all();
    ASSERT_EQ(all.extents().size(), 2U);
    EXPECT_EQ(all.extents()[0].line_bytes, 21U);
    const auto block = *(*segment)->open_block(0);
    EXPECT_EQ(*block->line(1), "second line");
    EXPECT_TRUE(block->minutes()->empty());
}

// {a="1"} with nine lines of one minute, as version 3 wrote it.
constexpr const char* kVersion3 =
    "4c4f47495345474d03000000000000000002000900118280d0e2c6bfce972f0202020202020202011b28"
    "b52ffd201b55000020020200000100d68e080009060606060606060606013628b52ffd2036250100c06c"
    "696e6520306c696e6520313233343536376c696e65203806040240c0010604dc9424000f01016b010001"
    "760000000000000000000700acd4821b0936006901016101310117e7ceb09b0468589aebc95b340e061c"
    "01000100093601002a36fe9c971709002a36fe9c97170000100406c2ba7f1413e828ccf627152e27ebb9"
    "3c0b807e0471472f61d45cfc76114660a3ea870109111fc9eb010000098280d0e2c6bfce972f10360a90"
    "000000000000006b00000000000000a2a91c2a030000004f0e224e4c4f47495345474d";

TEST(Segment, VersionThreeIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion3));
    ASSERT_TRUE(segment.ok()) << segment.status();
    const auto block = *(*segment)->open_block(0);
    EXPECT_EQ(*block->line(8), "line 8");
    EXPECT_EQ(block->minutes()->at(0).rows, 9U);
    std::string text;
    EXPECT_TRUE(dump(**segment, {.verify = true}, text).ok());
}

// {a="1"} with 24 lines of one template, every other one with metadata, as version 4 wrote it.
constexpr const char* kVersion4 =
    "4c4f47495345474d040000000000000000020018017c28b52ffd207cad0000708080f8f8c9edf6dd2f80"
    "cab5ee0101000b695102015028b52ffd2050a5000070d696f1a0e1e9a7eb310200000002010057724a28"
    "b52ffd2051fd0100a2c40d16d015860340010088ced50084d87befbdb74c60f8de3b656fbbc95eae3c39"
    "f2e3c68bcf75e26b751a7d3697b793078220860802100823010019200201bd0128b52ffd20bdb50200a4"
    "0302016b0574726163650002000176010830336431623733313331356162373232353939666233313964"
    "39336634306531383833353032353763370c008013600cc0093006e004180370028c013801c690c9a305"
    "96000c00c0f6aa1b0112000217cb0300350200000000000048512cc3e057000100180205746f6f6b200a"
    "206d732c20757365723d00010f020100010200000d0509000201063e007801016101310117e7ceb09b04"
    "68589aebc95b340e061c0100010118dd0300008f4fb6eddd17800949a6b7eddd17000010046a868f9d14"
    "20d0b8de93341fd4da208153000000000053482cc3e0579b0162138cf002fd010ec762f7b48b0237d930"
    "41ba010000188080f8f8c9edf6dd2f80a6d0eb2add03a70242010000000000007a000000000000007c95"
    "da62040000004ce3398d4c4f47495345474d";

TEST(Segment, VersionFourIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion4));
    ASSERT_TRUE(segment.ok()) << segment.status();
    const auto block = *(*segment)->open_block(0);
    EXPECT_EQ(*block->line(23), "took 161 ms, user=u23");
    EXPECT_EQ(block->times()->at(23).ns, 1'719'792'005'750'000'000);
    std::vector<MetadataView> metadata;
    ASSERT_TRUE(block->metadata(23, metadata).ok());
    EXPECT_EQ(metadata, (std::vector<MetadataView>{{"k", "v"}, {"trace", "000057c7"}}));
    ASSERT_TRUE(block->metadata(22, metadata).ok());
    EXPECT_TRUE(metadata.empty());
    std::string text;
    EXPECT_TRUE(dump(**segment, {.verify = true}, text).ok());
}

// The same as version 5 wrote it.
constexpr const char* kVersion5 =
    "4c4f47495345474d050000000000000000020018000f8080f8f8c9edf6dd2f80e59a770001015028b52f"
    "fd2050a500007094e0b4f0a5cbb2ec310200000002010057724a28b52ffd2051fd0100a2c40d16d01586"
    "0340010088ced50084d87befbdb74c60f8de3b656fbbc95eae3c39f2e3c68bcf75e26b751a7d3697b793"
    "07822086080210082301001920020022013600190b8277b40102016b0574726163650200020002060001"
    "7603030008000030000c00c0f6aa1b0112000217cb0300350200000000000048512cc3e0570001001802"
    "05746f6f6b200a206d732c20757365723d00010f020100010200000d0509000201063e010001aaaaaa00"
    "0003d100000b730000131500001ab700002259000029fb0000319d0000393f000040e100004883000050"
    "25000057c7007f01016101310117e7ceb09b0468589aebc95b340e061c0100010118dd0300008f4fb6ed"
    "dd17800949a6b7eddd17000010046a868f9d1411616d1d65251fe3ea446c44000000000044482cc3e057"
    "8c0124fe8f1d90b0010ec762f7b4be0137d93041baf50136190b8277010000188080f8f8c9edf6dd2f80"
    "a6d0eb2add03a7022b01000000000000810000000000000080a0015b0500000096f9f4374c4f47495345"
    "474d";

TEST(Segment, VersionFiveIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion5));
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_EQ((*segment)->version(), 5U);
    const auto block = *(*segment)->open_block(0);
    EXPECT_EQ(*block->line(23), "took 161 ms, user=u23");
    EXPECT_EQ(block->minutes()->at(0).rows, 1U);
    EXPECT_EQ(block->minutes()->at(1).rows, 23U);
    const auto all = *(*segment)->select_all();
    EXPECT_FALSE(all.statistics(all.extents())->has_value());
    std::string text;
    EXPECT_TRUE(dump(**segment, {.verify = true}, text).ok());
}

// The same with levels, as version 6 wrote it, with statistics.
constexpr const char* kVersion6 =
    "4c4f47495345474d060000000000000000020018000f8080f8f8c9edf6dd2f80e59a770001015028b52f"
    "fd2050a5000070cedfeefb81e6c4ec310200000002010057724a28b52ffd2051fd0100a2c40d16d01586"
    "0340010088ced50084d87befbdb74c60f8de3b656fbbc95eae3c39f2e3c68bcf75e26b751a7d3697b793"
    "07822086080210082301001920020038013600190b82778c03030e64657465637465645f6c6576656c01"
    "6b057472616365020003000204060004696e666f0001760303000800003000350200000000000048512c"
    "c3e057000100180205746f6f6b200a206d732c20757365723d00010f020100010200000d050900020106"
    "3e010001aaaaaa000003d100000b730000131500001ab700002259000029fb0000319d0000393f000040"
    "e10000488300005025000057c7001e0104696e666f03016b0574726163650103000100000002010b12dc"
    "01000000880101016101310117e7ceb09b0468589aebc95b340e061c0100010118dd0300008f4fb6eddd"
    "17800949a6b7eddd17000010046a868f9d1411616d1d65251fb7a3bf8f44000000000044482cc3e0578c"
    "013a3b200419c6010000000000c60137d93041bafd0136190b8277010000188080f8f8c9edf6dd2f80a6"
    "d0eb2add0399030101b3022012aaabee53010000000000008b000000000000001fe15e80060000002d52"
    "e2024c4f47495345474d";

TEST(Segment, VersionSixIsReadable) {
    const auto segment = open(absl::HexStringToBytes(kVersion6));
    ASSERT_TRUE(segment.ok()) << segment.status();
    EXPECT_EQ((*segment)->version(), 6U);
    EXPECT_EQ(*(*(*segment)->open_block(0))->line(23), "took 161 ms, user=u23");
    const auto all = *(*segment)->select_all();
    const auto told = *all.statistics(all.extents());
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(*told->levels, std::vector<std::string>{"info"});
    EXPECT_EQ(*told->names, (std::vector<std::string>{"k", "trace"}));
    ASSERT_NE(told->find(0), nullptr);
    EXPECT_EQ(told->find(0)->counts.size(), 3U);
    std::string text;
    EXPECT_TRUE(dump(**segment, {.verify = true}, text).ok()) << text;
}

// Its blocks are stored as those of today.
TEST(Segment, BlocksOfVersionSixAreCopied) {
    const auto old = *open(absl::HexStringToBytes(kVersion6));
    const auto all = *old->select_all();
    SegmentWriter writer({all.labels(0)});
    ASSERT_TRUE(writer.add_block(*old, all, all.extents(), std::vector<std::uint32_t>{0}).ok());
    const auto copy = *open(writer.finish());
    EXPECT_EQ(copy->version(), kFormatVersion);
    EXPECT_EQ(*(*copy->open_block(0))->line(23), "took 161 ms, user=u23");
    std::string text;
    EXPECT_TRUE(dump(*copy, {.verify = true}, text).ok()) << text;
}

TEST_P(SegmentOf, FilterAndSelectAgreeWithTheModel) {
    const Model m = random_rows(2, 5'000, GetParam());
    const auto segment = open(write(m));
    ASSERT_TRUE(segment.ok());
    const std::vector<regex::LineFilter> filters = {
        regex::LineFilter::substrings({"ab"}, false),
        regex::LineFilter::substrings({"a\nb", "zz"}, true),
        regex::LineFilter::substrings({""}, true),
        regex::LineFilter::substrings({"took 1", "b=3\n"}, false),
        regex::LineFilter::substrings({"info id=a"}, true),
        regex::LineFilter::substrings({"not there"}, false),
        *regex::LineFilter::regexes({"a+b"}, false)};
    for (const auto& filter : filters) {
        std::size_t next = 0;
        for (std::uint32_t b = 0; b < (*segment)->blocks().size(); ++b) {
            auto block = *(*segment)->open_block(b);
            for (const std::uint32_t step : {1U, 7U}) {
                std::vector<std::uint32_t> rows;
                std::vector<std::uint32_t> expected;
                for (std::uint32_t i = 0; i < block->stats().rows; i += step) {
                    rows.push_back(i);
                    if (filter.passes(m.rows[next + i].line)) {
                        expected.push_back(i);
                    }
                }
                ASSERT_TRUE(block->filter(filter, rows).ok());
                EXPECT_EQ(rows, expected);
            }
            next += block->stats().rows;
        }
    }
    for (const char* value : {"p.*", "p4|p5", "", ".+"}) {
        for (const auto op : {MatchOp::kRegex, MatchOp::kNotRegex}) {
            const std::vector<Matcher> matchers = {*Matcher::make("pod", op, value),
                                                   *Matcher::make("app", MatchOp::kNotEqual, "a2")};
            const auto found = (*segment)->select(matchers, Timestamp::min(), Timestamp::max());
            const auto all = *(*segment)->select_all();
            std::vector<std::uint32_t> expected = all.streams();
            std::erase_if(expected, [&](std::uint32_t stream) {
                return !matches_all(matchers, all.labels(stream));
            });
            EXPECT_EQ(found->streams(), expected);
            EXPECT_EQ(all.matching(matchers), expected);
        }
    }
}

TEST_P(SegmentOf, DamageIsNeverServedAsData) {
    const Model m = random_rows(3, 300, GetParam());
    const std::string bytes = write(m);
    std::size_t refused = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x20);
        const auto segment = open(changed);
        refused += !segment.ok() || !equal(**segment, m) ? 1U : 0U;
        std::string text;
        EXPECT_FALSE(segment.ok() && dump(**segment, {.verify = true}, text).ok()) << i;
    }
    // Rows do not need statistics.
    const std::uint64_t statistics = (*open(bytes))->root().statistics_bytes();
    EXPECT_GT(refused, (bytes.size() - statistics) / 3 - kHeaderBytes);
    for (std::size_t i = 0; i < bytes.size(); i += 11) {
        EXPECT_FALSE(open(bytes.substr(0, i)).ok()) << i;
    }
}

TEST_P(SegmentOf, RandomRubbishAndZeroPagesAreSurvived) {
    const Model m = random_rows(4, 2'000, GetParam());
    const std::string bytes = write(m);
    std::mt19937 random(4);
    for (int turn = 0; turn < 300; ++turn) {
        std::string changed = bytes;
        const std::size_t at = random() % changed.size();
        const std::size_t length =
            std::min<std::size_t>(changed.size() - at, turn % 3 == 0 ? 4096 : random() % 100 + 1);
        for (std::size_t i = at; i < at + length; ++i) {
            changed[i] = turn % 3 == 0 ? '\0' : static_cast<char>(random());
        }
        const auto segment = open(changed);
        if (segment.ok()) {
            std::string text;
            EXPECT_EQ(dump(**segment, {.verify = true}, text).ok(), changed == bytes) << turn;
            (void)equal(**segment, m);
        } else {
            EXPECT_NE(std::string(segment.status().message()).find("test.segment: offset "),
                      std::string::npos)
                << segment.status();
        }
    }
}

}  // namespace
}  // namespace logi::segment
