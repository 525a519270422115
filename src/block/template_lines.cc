// Lines as templates and columns.
#include "base/buffer.h"
#include "block/copy_text.h"
#include "block/line_reader.h"
#include "block/stored_lines.h"
#include "regex/line_filter.h"

#include <optional>
#include <utility>

namespace logi::block {
namespace {

// With fewer rows than one in so many left, they are looked at one by one.
constexpr std::size_t kSparse = 64;

class TemplateLines final : public StoredLines {
  public:
    TemplateLines(const BlockStats& stats, std::unique_ptr<LineReader> reader)
        : stats_(stats), reader_(std::move(reader)) {}

    StatusOr<absl::Span<const std::uint32_t>> lengths() override;
    Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) override;
    StatusOr<std::string_view> line(std::uint32_t row) override;
    StatusOr<std::vector<ColumnNote>> describe() override { return reader_->describe(); }
    StatusOr<LineTemplates*> templates() override { return reader_->templates(); }

  private:
    char* space_for(std::size_t size);
    // The rows in which one of the texts stands.
    StatusOr<RowSet> find(const std::vector<regex::Literal>& any_of);

    const BlockStats stats_;
    std::unique_ptr<LineReader> reader_;
    // Those that were made so far; others have no data(). None until one is asked for.
    std::vector<std::string_view> lines_;
    std::vector<base::Buffer> texts_;
    char* next_ = nullptr;  // in the last buffer that lines share
    std::size_t left_ = 0;  // behind it
    std::vector<std::string_view> parts_;
    std::vector<std::uint32_t> lengths_;
};

StatusOr<absl::Span<const std::uint32_t>> TemplateLines::lengths() {
    if (lengths_.empty()) {
        LOGI_ASSIGN_OR_RETURN(const auto all, reader_->all());
        std::vector<std::uint32_t> lengths;
        lengths.reserve(all.size());
        for (const std::string_view text : all) {
            lengths.push_back(static_cast<std::uint32_t>(text.size()));
        }
        lengths_ = std::move(lengths);
    }
    return absl::MakeConstSpan(lengths_);
}

StatusOr<RowSet> TemplateLines::find(const std::vector<regex::Literal>& any_of) {
    RowSet found = RowSet::none(stats_.rows);
    for (const regex::Literal& literal : any_of) {
        LOGI_ASSIGN_OR_RETURN(const RowSet matching,
                              reader_->match({.text = literal.text, .any_case = literal.any_case}));
        found.unite(matching);
    }
    return found;
}

Status TemplateLines::filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) {
    std::optional<RowSet> possible;
    if (!filter.required().empty() && rows.size() > stats_.rows / kSparse) {
        LOGI_ASSIGN_OR_RETURN(possible, find(filter.required()));
    }
    // Where the texts say all, no line has to be looked at.
    const bool certain = possible && filter.plain() != nullptr;
    std::size_t kept = 0;
    for (const std::uint32_t row : rows) {
        bool passes = filter.negated();
        if (certain) {
            passes = possible->has(row) != filter.negated();
        } else if (!possible || possible->has(row)) {
            LOGI_ASSIGN_OR_RETURN(const std::string_view text, line(row));
            passes = filter.passes(text);
        }
        if (passes) {
            rows[kept++] = row;
        }
    }
    rows.resize(kept);
    return absl::OkStatus();
}

StatusOr<std::string_view> TemplateLines::line(std::uint32_t row) {
    if (lines_.empty()) {
        lines_.resize(stats_.rows);
    }
    std::string_view& line = lines_[row];
    if (line.data() == nullptr) {
        LOGI_RETURN_IF_ERROR(reader_->parts_of(row, parts_));
        std::size_t size = 0;
        for (const std::string_view part : parts_) {
            size += part.size();
        }
        char* const begin = space_for(size);
        char* p = begin;
        for (const std::string_view part : parts_) {
            p = copy_text(p, part);
        }
        line = {begin, size};
    }
    return line;
}

// Lines share buffers; a large one has its own.
char* TemplateLines::space_for(std::size_t size) {
    constexpr std::size_t kBufferBytes = 128U << 10U;
    if (size > kBufferBytes / 4) {
        return texts_.emplace_back(size).data();
    }
    if (size > left_) {
        next_ = texts_.emplace_back(kBufferBytes).data();
        left_ = kBufferBytes;
    }
    left_ -= size;
    return std::exchange(next_, next_ + size);
}

}  // namespace

StatusOr<std::unique_ptr<StoredLines>> open_template_lines(LinesStart start) {
    LOGI_ASSIGN_OR_RETURN(
        const auto kept,
        kept_by(start.source,
                kTree,
                [&stats = start.stats](base::Buffer tree) -> StatusOr<std::shared_ptr<const Kept>> {
                    return LineHead::open(std::move(tree), stats.rows, stats.line_bytes);
                }));
    auto head = std::static_pointer_cast<const LineHead>(kept);
    auto reader = std::make_unique<LineReader>(
        std::move(head),
        [&source = start.source](std::uint64_t offset, std::uint64_t length) {
            return source.range(kLines, offset, length);
        },
        std::move(start.times));
    return std::make_unique<TemplateLines>(start.stats, std::move(reader));
}

}  // namespace logi::block
