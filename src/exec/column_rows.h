// Rows of a block whose fields are found in columns: parsers run once per template, and what
// depends on few values is the same for all rows that have these.
#pragma once

#include "block/block.h"
#include "block/line_templates.h"
#include "exec/column_plan.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace logi::exec {

// One thread. The block and the plan must outlive it.
class ColumnRows final : public OutlinedLine {
  public:
    // Null where a block's lines are just text. Errors are as the block has them.
    static StatusOr<std::unique_ptr<ColumnRows>> open(block::BlockReader& block,
                                                      const ColumnPlan& plan);

    // The rows that come are of this stream. Streams that differ in no label that is looked at are
    // of one class, which this returns.
    std::size_t begin_stream(const Labels& stream);
    // Of a stream that began before, whose class it was.
    void begin_again(const Labels& stream, std::size_t stream_class);
    // Of the streams that began so far.
    [[nodiscard]] std::size_t classes() const { return views_.size(); }
    enum class How : std::uint8_t {
        kByLine,  // its line has to be parsed
        kAlone,   // this is its outlined line
        kShared,  // the same; and what comes of it comes of all rows with that number
    };
    struct Place {
        How how = How::kByLine;
        std::uint32_t number = 0;  // below numbers()
    };
    // Goes to a row. One with metadata that is looked at is left to its line.
    StatusOr<Place> go_to(std::uint32_t row);
    // Whether the block may have such rows.
    [[nodiscard]] bool metadata_matters() const { return metadata_matters_; }
    // Numbers that were given so far.
    [[nodiscard]] std::size_t numbers() const { return numbers_; }

    // A row of the block by its group.
    struct LineRow {
        std::uint32_t group = 0;
        std::uint32_t rank = 0;
    };
    // Its number in the block: reads of which template every row is.
    StatusOr<std::uint32_t> row_of(const LineRow& row);
    // Appends its line: the way for few rows.
    Status append_line(const LineRow& row, std::string& out);

    // The rows of one template without their order, for those who only count them.
    struct Group {
        How how = How::kByLine;
        std::uint32_t first_number = 0;
        std::vector<std::uint32_t> counts;  // per number from the first, of kShared
        std::vector<LineRow> line_rows;     // that have to be looked at one by one
    };
    [[nodiscard]] std::size_t groups() const { return templates_->templates() + 1; }
    StatusOr<Group> group(std::size_t number);
    // Appends the rows of a group that have one of the numbers, which ascend, and can be outlined.
    Status rows_with(std::size_t group,
                     const std::vector<std::uint32_t>& numbers,
                     std::vector<LineRow>& rows);
    // Goes to what the rows of a group have in common that have a number, from its first on.
    void go_to_number(std::size_t group, std::uint32_t number);

    [[nodiscard]] Found found_by(const Stage& parser) const override;
    std::string_view value(const fields::OutlineField& field,
                           fields::Scratch& scratch) const override;

  private:
    struct Slot {
        block::ColumnReader* column = nullptr;
        std::optional<block::RowSet> odd;  // rows whose value breaks the rules
        // How often each code comes, where nobody wanted to know where; codes, where somebody did;
        // or values, where there are no codes.
        std::optional<std::vector<std::uint32_t>> counts;
        std::optional<block::ValueCodes> codes;
        absl::Span<const std::string_view> values;
        [[nodiscard]] bool is_coded() const { return codes.has_value() || counts.has_value(); }
    };
    struct Template {
        std::shared_ptr<const TemplateOutline> outline;
        std::vector<std::unique_ptr<Slot>> slots;  // null: nobody looked at it yet
    };
    // A template as a class of streams sees it.
    struct View {
        How how = How::kByLine;
        std::vector<std::vector<const fields::OutlineField*>> fields;  // per parser
        const TemplateOutline* outline = nullptr;
        std::optional<block::RowSet> odd;
        std::uint32_t first_number = 0;
        std::uint32_t count = 1;
        struct Digit {
            std::size_t codes = 0;  // so many
            absl::Span<const std::uint32_t> of_rows;
            std::uint32_t slot = 0;
            std::uint32_t stride = 1;
            // Of a number.
            [[nodiscard]] std::uint32_t code(std::uint32_t n) const {
                return static_cast<std::uint32_t>(n / stride % codes);
            }
        };
        std::vector<Digit> digits;
        // Of its only digit it is known how often each code comes, and not yet where.
        bool counted = false;
    };
    // What is wanted of a view's rows.
    enum class Want : std::uint8_t { kCounts, kRows };

    ColumnRows(block::BlockReader& block, const ColumnPlan& plan, block::LineTemplates& templates)
        : block_(block), plan_(plan), templates_(&templates) {}
    StatusOr<View*> view(std::size_t number, Want want);
    Status make_view(std::size_t number, Want want, View& view);
    [[nodiscard]] bool may_matter(const std::string& name) const;
    bool pick_fields(View& view, std::uint32_t& slots_seen) const;
    Status check_slots(std::size_t number, std::uint32_t count, View& view);
    Status load_slots(std::size_t number, Want want, View& view);
    Status load_codes(Slot& slot, std::size_t count_max);
    StatusOr<bool> count_slot(Slot& slot, std::size_t count_max);
    // Of a view that was counted only.
    Status find_rows(std::size_t number, View& view);
    StatusOr<Slot*> slot(std::size_t number, std::size_t i);
    [[nodiscard]] std::string class_key(const Labels& stream) const;
    [[nodiscard]] std::string_view slot_value(std::size_t slot) const;
    StatusOr<bool> looks_at_metadata(std::uint32_t row);
    [[nodiscard]] std::vector<std::uint32_t> count_rows(std::size_t number, const View& view) const;
    [[nodiscard]] std::uint32_t code_of(std::size_t slot, const Slot& loaded) const;
    [[nodiscard]] static std::uint32_t number_of(const View& view, std::size_t rank);

    block::BlockReader& block_;
    const ColumnPlan& plan_;
    block::LineTemplates* templates_;
    bool metadata_matters_ = false;
    std::vector<MetadataView> metadata_;  // of the row
    std::vector<Template> known_;
    const Labels* stream_ = nullptr;
    absl::flat_hash_map<std::string, std::size_t> classes_;
    std::size_t class_ = 0;
    std::vector<std::vector<std::unique_ptr<View>>> views_;  // per class and template
    std::size_t numbers_ = 0;
    std::optional<block::LineTemplates::RowTemplates> rows_;
    // Where it is.
    const View* current_ = nullptr;
    std::size_t current_template_ = 0;
    std::size_t rank_ = 0;
    std::optional<std::uint32_t> number_;  // of the template's first; instead of a rank
};

}  // namespace logi::exec
