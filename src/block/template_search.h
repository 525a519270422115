// Looks for a needle in a text of pieces and columns, wherever it may lie across them.
#pragma once

#include "block/column_reader.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::block {

class TemplateSearch {
  public:
    // There is one piece more than columns.
    TemplateSearch(absl::Span<const std::string_view> pieces,
                   const std::vector<std::unique_ptr<ColumnReader>>& columns,
                   std::size_t rows)
        : pieces_(pieces), columns_(columns), rows_(rows), found_(RowSet::none(rows)) {}

    // The rows that have it. Nothing if there are too many ways to lie across: then the texts have
    // to be looked at.
    StatusOr<std::optional<RowSet>> run(const Needle& needle);

  private:
    // A condition on one column's value, as part of a way to lie.
    struct Condition {
        std::size_t column = 0;
        Needle needle;
    };
    static constexpr std::size_t kWaysMax = 2000;

    void from_piece(std::size_t piece, std::string_view rest);
    void from_slot(std::size_t slot, std::string_view rest);
    void way();
    void with(std::size_t column, const Needle& needle, auto&& next);

    absl::Span<const std::string_view> pieces_;
    const std::vector<std::unique_ptr<ColumnReader>>& columns_;
    std::size_t rows_;
    RowSet found_;
    Needle needle_;
    std::vector<Condition> conditions_;
    std::size_t ways_ = 0;
    Status status_;
};

}  // namespace logi::block
