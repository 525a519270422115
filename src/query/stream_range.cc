#include "query/stream_range.h"

#include "absl/strings/str_cat.h"

namespace logi::query {
namespace {

class RangeSource final : public segment::Source {
  public:
    RangeSource(std::shared_ptr<const segment::Source> source, StreamRange range)
        : source_(std::move(source)), range_(std::move(range)) {}

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        LOGI_ASSIGN_OR_RETURN(segment::Selection selection, source_->select(matchers, first, last));
        // Each stream is looked at, not only where the range begins and ends: whether a file has
        // its streams in order was never checked.
        selection.leave_streams([&](std::uint32_t stream) {
            return !selection.is_stored_before(stream, range_.from) &&
                   (!range_.to.has_value() || selection.is_stored_before(stream, *range_.to));
        });
        return selection;
    }

  private:
    const std::shared_ptr<const segment::Source> source_;
    const StreamRange range_;
};

}  // namespace

std::string StreamRange::to_string() const {
    return absl::StrCat(
        "[", from.to_string(), ", ", to.has_value() ? to->to_string() : std::string("…"), ")");
}

std::shared_ptr<const segment::Source> of_streams(std::shared_ptr<const segment::Source> source,
                                                  const StreamRange& range) {
    if (range.has_all()) {
        return source;
    }
    return std::make_shared<const RangeSource>(std::move(source), range);
}

exec::Sources of_streams(exec::Sources sources, const StreamRange& range) {
    for (auto& source : sources) {
        source = of_streams(std::move(source), range);
    }
    return sources;
}

}  // namespace logi::query
