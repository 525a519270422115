// Texts of several kinds: each kind is constant pieces around columns.
#pragma once

#include "block/line_head.h"
#include "block/line_templates.h"

#include <deque>
#include <memory>

namespace logi::block {

class TemplatesColumn final : public ColumnReader, public LineTemplates {
  public:
    // Parses the column.
    static StatusOr<std::unique_ptr<TemplatesColumn>> read(const ColumnStart& start);
    // Of lines, which are the outermost column: the columns of a template are parsed when they are
    // needed. Nothing is at the tree's place; the head outlives the column.
    static StatusOr<std::unique_ptr<TemplatesColumn>> of_lines(const ColumnStart& start,
                                                               const LineHead& head);

    // Replaces `parts` by what the value of one row is made of, in their order.
    Status parts_of(std::size_t row, std::vector<std::string_view>& parts);
    Status append_value(std::size_t row, std::string& out) override;
    Status run_of_values(std::size_t first, absl::Span<std::string_view> out) override;
    ~TemplatesColumn() override;

    // Of lines.
    [[nodiscard]] std::size_t templates() const override { return templates_.size(); }
    [[nodiscard]] absl::Span<const std::string_view> pieces(std::size_t number) const override {
        return templates_[number].pieces;
    }
    [[nodiscard]] std::size_t rows_of(std::size_t number) const override {
        return number == templates_.size() ? rest_rows_ : templates_[number].rows;
    }
    StatusOr<absl::Span<const std::uint32_t>> places(std::size_t number) override;
    Status append_line(std::size_t number, std::size_t rank, std::string& out) override;
    StatusOr<ColumnReader*> column(std::size_t number, std::size_t slot) override;
    StatusOr<absl::Span<const ColumnPlace>> column_places(std::size_t number) override {
        return head_->columns_of(number);
    }
    StatusOr<base::Hash128> pieces_hash(std::size_t number) override {
        LOGI_ASSIGN_OR_RETURN(const auto hashes, head_->pieces_hashes());
        return hashes[number];
    }
    StatusOr<RowTemplates> row_templates() override;

    // Of lines, whose templates it parses all.
    StatusOr<std::vector<ColumnNote>> describe_lines();
    void describe(int depth, std::vector<ColumnNote>& notes) const override;

  private:
    // Columns' values, in the order of the columns.
    using KindValues = std::vector<absl::Span<const std::string_view>>;
    struct Kind {
        std::size_t rows = 0;
        absl::Span<const std::string_view> pieces;
        std::vector<std::string_view> own_pieces;            // of lines the head has them
        std::vector<std::unique_ptr<ColumnReader>> columns;  // of lines null until they are parsed
        std::size_t number = 0;                              // of lines
        bool parsed = false;                                 // all columns
        // The column's rows that are of this kind.
        std::vector<std::uint32_t> places;
        std::vector<Timestamp> times;  // once a column is relative to them
        // Once single rows are read.
        KindValues values;
        bool loaded = false;
    };

    class Assembly;

    explicit TemplatesColumn(const ColumnStart& start);
    Status parse(const ColumnStart& start);
    Status parse_kind(const ColumnSpace& space);
    Status parse_columns(const ColumnSpace& space, Kind& kind);
    StatusOr<std::unique_ptr<ColumnReader>> parse_column(const ColumnSpace& space, Kind& kind);
    Status take(const LineHead& head);
    StatusOr<absl::Span<const Timestamp>> times_of(Kind& kind);
    Status ready(Kind& kind);
    // Makes `numbers_` known, then `places` and the like.
    Status load_numbers();
    Status place_rows();
    void rank_rows();

    StatusOr<RowSet> find(const Needle& needle) override;
    Status make_values(std::vector<std::string_view>& out) override;
    StatusOr<KindValues> values_of(Kind& kind);

    const LineHead* head_ = nullptr;  // of lines
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
    // Per row: the number of its template, the rest having the highest.
    std::vector<std::uint16_t> numbers_;
    bool placed_ = false;
    std::size_t places_asked_ = 0;
    // Per row: its number among the rows of its template. Only once single rows are read.
    std::vector<std::uint32_t> rank_of_;
    std::vector<base::Buffer> texts_;
    std::unique_ptr<Assembly> assembly_;  // of run_of_values()
    base::Buffer run_;                    // likewise
};

}  // namespace logi::block
