// Texts of several kinds: each kind is constant pieces around columns.
#pragma once

#include "block/column_reader.h"

#include <deque>

namespace logi::block {

class TemplatesColumn final : public ColumnReader {
  public:
    // Parses the column; of lines, which are the outermost column, the columns of a template are
    // parsed when they are needed.
    static StatusOr<std::unique_ptr<TemplatesColumn>> read(const ColumnStart& start, bool lines);

    // Appends the value of one row.
    Status append_value(std::size_t row, std::string& out);

    // Of lines, whose templates it parses all.
    StatusOr<std::vector<ColumnNote>> describe_lines();
    void describe(int depth, std::vector<ColumnNote>& notes) const override;

  private:
    struct Kind {
        std::size_t rows = 0;
        std::vector<std::string_view> pieces;  // in the tree, like what follows
        std::vector<std::unique_ptr<ColumnReader>> columns;
        // Until the columns are parsed.
        std::string_view tree;
        std::uint32_t pool = 0;
        bool parsed = false;
        // The column's rows that are of this kind.
        std::vector<std::uint32_t> places;
    };

    TemplatesColumn(const ColumnStart& start)
        : ColumnReader(start.rows, start.stamp),
          parts_(*start.space.parts),
          shared_(start.space.shared),
          times_(start.times),
          depth_(start.depth) {}
    Status parse(const ColumnStart& start, bool lines);
    Status parse_kind(const ColumnSpace& space, bool lines);
    Status parse_columns(const ColumnSpace& space, Kind& kind);
    Status ready(Kind& kind);
    // Makes `places` and the like known.
    Status place_rows();

    StatusOr<RowSet> find(const Needle& needle) override;
    Status make_values(std::vector<std::string_view>& out) override;
    // Columns' values, in the order of kind.columns.
    using KindValues = std::vector<absl::Span<const std::string_view>>;
    StatusOr<KindValues> values_of(Kind& kind);

    PartReader& parts_;
    std::vector<SharedList>* shared_;
    RowTimes times_;
    int depth_;
    std::uint64_t cells_left_ = 0;
    Payload numbers_at_;
    bool has_numbers_ = false;
    std::deque<Kind> templates_;
    std::size_t rest_rows_ = 0;
    std::unique_ptr<ColumnReader> rest_;
    std::vector<std::uint32_t> rest_places_;
    bool placed_ = false;
    // Per row: its kind and its number among the rows of that kind. Only once single rows are read.
    std::vector<std::uint16_t> kind_of_;
    std::vector<std::uint32_t> rank_of_;
    base::Buffer texts_;
};

}  // namespace logi::block
