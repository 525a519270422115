// Which rows of a block columns answer, and what they say of them.
#include "block/block_format.h"
#include "exec/column_filter.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

#include <numeric>

namespace logi::exec {
namespace {

class MemoryBlock final : public block::BlockSource {
  public:
    explicit MemoryBlock(block::EncodedBlock block) : block_(std::move(block)) {}
    [[nodiscard]] StatusOr<std::string> column(block::Column column) const override {
        return block_.columns[column];
    }
    [[nodiscard]] StatusOr<std::string> range(block::Column column,
                                              std::uint64_t offset,
                                              std::uint64_t length) const override {
        return block_.columns[column].substr(offset, length);
    }
    [[nodiscard]] std::uint64_t offset(block::Column column) const override {
        (void)column;
        return 0;
    }

  private:
    const block::EncodedBlock block_;
};

std::unique_ptr<block::BlockReader> block_of(const std::vector<std::string>& lines) {
    std::vector<block::Row> rows;
    for (const std::string& line : lines) {
        block::Row row;
        row.time = {static_cast<std::int64_t>(rows.size())};
        row.sequence = {1, rows.size(), 0};
        row.line = line;
        rows.push_back(row);
    }
    block::EncodedBlock encoded = block::BlockEncoder().encode(rows);
    const auto stats = encoded.stats;
    const auto form = encoded.form;
    return block::open_block(
        stats, form, std::make_shared<MemoryBlock>(std::move(encoded)), "test");
}

std::shared_ptr<const Pipeline> metric(const std::string& stages,
                                       std::vector<std::string> by = {},
                                       bool columns = true) {
    const auto expr = logql::parse("{a=\"b\"} " + stages);
    Pipeline::Options options;
    options.metric = true;
    options.grouping = logql::Grouping{false, std::move(by)};
    options.columns = columns;
    return *Pipeline::compile(std::get<logql::LogExpr>((*expr)->node), std::move(options));
}

// Per row: 's' shared, 'a' alone, 'l' by its line.
std::string how(const Pipeline& pipeline,
                const std::vector<std::string>& lines,
                const Labels& stream = Labels::from_pairs({{"a", "b"}})) {
    const auto block = block_of(lines);
    const auto rows = *ColumnRows::open(*block, *pipeline.columns());
    if (rows == nullptr) {
        return "no templates";
    }
    rows->begin_stream(stream);
    std::string out;
    for (std::uint32_t row = 0; row < lines.size(); ++row) {
        const auto place = *rows->go_to(row);
        out += place.how == ColumnRows::How::kShared  ? 's'
               : place.how == ColumnRows::How::kAlone ? 'a'
                                                      : 'l';
    }
    return out;
}

// Lines of one kind, and others behind them.
std::vector<std::string> lines_with(const std::vector<std::string>& others) {
    std::vector<std::string> out;
    for (int i = 0; i < 40; ++i) {
        out.push_back("{\"level\":\"" + std::string(i % 3 == 0 ? "warn" : "info") +
                      "\",\"msg\":\"job " + std::to_string(1000 + i * 7919 % 9000) +
                      " done\",\"status\":" + std::to_string(200 + i % 5) + "}");
    }
    out.insert(out.end(), others.begin(), others.end());
    return out;
}

TEST(ColumnRows, FewValuesAreShared) {
    const std::string all(40, 's');
    EXPECT_EQ(how(*metric("| json | status >= 202"), lines_with({})), all);
    EXPECT_EQ(how(*metric("| json | __error__=\"\"", {"level"}), lines_with({})), all);
    EXPECT_EQ(how(*metric("| json | msg=~\"job 1.*\""), lines_with({})), std::string(40, 'a'));
}

TEST(ColumnRows, OddValuesAreParsed) {
    const std::string before = "{\"level\":\"info\",\"msg\":\"job ";
    const std::string clean(40, 's');
    const auto json = metric("| json | status >= 202");
    // An escape is part of a value as any other.
    EXPECT_EQ(how(*json, lines_with({before + "1\\\"2 done\",\"status\":200}"})), clean + "s");
    // Text, null and numbers of another shape where the number was.
    EXPECT_EQ(how(*json, lines_with({before + "1 done\",\"status\":null}"})), clean + "l");
    // What stands behind the last field that is needed does not matter.
    EXPECT_EQ(how(*metric("| json | level=\"info\""),
                  lines_with({before + "1\\\"2 done\",\"status\":200}"}))
                  .substr(0, 40),
              clean);
}

TEST(ColumnRows, LabelsOfTheStreamMoveFields) {
    const auto lines = lines_with({});
    const Labels stream = Labels::from_pairs({{"a", "b"}, {"status", "1"}});
    const auto block = block_of(lines);
    const auto pipeline = metric("| json | status_extracted = 203", {"status"});
    const auto rows = *ColumnRows::open(*block, *pipeline->columns());
    ASSERT_NE(rows, nullptr);
    rows->begin_stream(stream);
    std::size_t passed = 0;
    Entry entry;
    for (std::uint32_t row = 0; row < lines.size(); ++row) {
        ASSERT_EQ((*rows->go_to(row)).how, ColumnRows::How::kShared);
        entry.labels.begin(stream, {});
        entry.outlined = rows.get();
        if (pipeline->process(entry)) {
            ++passed;
            EXPECT_EQ(entry.labels.get("status"), "1");
            EXPECT_EQ(entry.labels.get("status_extracted"), "203");
        }
    }
    EXPECT_EQ(passed, 8U);
    // Streams that differ only in what nobody looks at are of one class.
    rows->begin_stream(Labels::from_pairs({{"a", "c"}, {"status", "1"}}));
    EXPECT_EQ(rows->classes(), 1U);
    rows->begin_stream(Labels::from_pairs({{"a", "c"}}));
    EXPECT_EQ(rows->classes(), 2U);
}

TEST(ColumnRows, GroupsCountWhatRowsAre) {
    auto lines =
        lines_with({"{\"level\":\"info\",\"msg\":\"a \\\"q\\\" b\",\"status\":200}", "no object"});
    const auto block = block_of(lines);
    const auto pipeline = metric("| json | status >= 202");
    const auto rows = *ColumnRows::open(*block, *pipeline->columns());
    ASSERT_NE(rows, nullptr);
    const Labels stream = Labels::from_pairs({{"a", "b"}});
    rows->begin_stream(stream);
    std::size_t counted = 0;
    std::vector<std::uint32_t> left;
    for (std::size_t i = 0; i < rows->groups(); ++i) {
        const auto group = *rows->group(i);
        counted = std::accumulate(group.counts.begin(), group.counts.end(), counted);
        for (const auto& row : group.line_rows) {
            left.push_back(*rows->row_of(row));
            std::string line;
            ASSERT_TRUE(rows->append_line(row, line).ok());
            EXPECT_EQ(line, lines[left.back()]);
        }
    }
    EXPECT_EQ(counted, 41U);
    std::sort(left.begin(), left.end());
    EXPECT_EQ(left, (std::vector<std::uint32_t>{41}));
}

TEST(ColumnRows, PlainTextHasNone) {
    EXPECT_EQ(how(*metric("| json | status >= 202"), {"a", "bc", "{}"}), "no templates");
    EXPECT_EQ(metric("| json | status >= 202", {}, false)->columns(), nullptr);
}

// What comes of these stages is not decided by labels that are known by name, or not without the
// line.
TEST(ColumnRows, StagesThatNeedTheLine) {
    EXPECT_NE(metric("| json | line_format \"{{.a}}\" | logfmt x", {"x"})->columns(), nullptr);
    EXPECT_EQ(metric("| json | line_format \"{{__line__}}\" | logfmt x", {"x"})->columns(),
              nullptr);
    EXPECT_EQ(metric("| json | line_format \"{{__timestamp__}}\"", {"x"})->columns(), nullptr);
    EXPECT_EQ(metric("| json | label_format x=\"{{.}}\"", {"x"})->columns(), nullptr);
    EXPECT_NE(metric("| json | regexp \"(?P<y>.)\"", {"y"})->columns(), nullptr);
    EXPECT_EQ(metric("| decolorize | regexp \"(?P<y>.)\"", {"y"})->columns(), nullptr);
    EXPECT_NE(metric("| json x=\"a\"", {"x"})->columns(), nullptr);
    EXPECT_NE(metric("| unpack | x=\"a\"", {"x"})->columns(), nullptr);
    EXPECT_NE(metric("| unpack | line_format \"{{.x}}\" | logfmt y", {"y"})->columns(), nullptr);
    EXPECT_EQ(metric("| unpack | logfmt y", {"y"})->columns(), nullptr);
}

// Per stage of the expression: whether columns answer it.
std::string by_columns(const Pipeline& pipeline, std::size_t stages) {
    std::string out;
    for (std::size_t i = 0; i < stages; ++i) {
        out += pipeline.by_columns(i) ? 'c' : '-';
    }
    return out;
}

TEST(Pipeline, StagesByColumns) {
    EXPECT_EQ(by_columns(*metric("| json | a > 1 | line_format \"{{.b}}\" | logfmt c", {"c"}), 4),
              "ccc-");
    EXPECT_EQ(
        by_columns(*metric("| json | a > 1 | line_format \"{{__line__}}\" | logfmt c", {"c"}), 4),
        "cc--");
    EXPECT_EQ(by_columns(*metric("| unpack | a > 1 | json", {"c"}), 3), "cc-");
    EXPECT_EQ(by_columns(*metric("| json | a > 1", {"c"}, false), 2), "--");
}

}  // namespace
}  // namespace logi::exec
