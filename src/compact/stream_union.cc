#include "compact/stream_union.h"

#include "absl/strings/str_cat.h"

namespace logi::compact {
namespace {

// Goes through the streams of one source that have extents.
class Streams {
  public:
    explicit Streams(const segment::Source& source)
        : source_(source), used_(source.stream_count(), false) {
        for (const auto& extent : source.extents()) {
            used_[extent.stream] = true;
        }
        settle();
    }

    [[nodiscard]] bool done() const { return at_ == used_.size(); }
    [[nodiscard]] std::uint32_t at() const { return at_; }
    [[nodiscard]] const Labels& labels() const { return labels_; }
    Status next() {
        const Labels before = labels_;
        ++at_;
        settle();
        return done() || before < labels_
                   ? absl::OkStatus()
                   : absl::FailedPreconditionError(absl::StrCat(
                         source_.name(), ": streams are not in the order of their labels"));
    }

  private:
    void settle() {
        while (!done() && !used_[at_]) {
            ++at_;
        }
        if (!done()) {
            labels_ = source_.labels(at_);
        }
    }

    const segment::Source& source_;
    std::vector<bool> used_;
    std::uint32_t at_ = 0;
    Labels labels_;
};

}  // namespace

StatusOr<StreamUnion> union_of(const std::vector<std::shared_ptr<const segment::Source>>& sources) {
    StreamUnion all;
    std::vector<Streams> left;
    for (const auto& source : sources) {
        left.emplace_back(*source);
        all.ordinals.emplace_back(source->stream_count(), kNoStream);
    }
    while (true) {
        const Labels* least = nullptr;
        for (const Streams& streams : left) {
            if (!streams.done() && (least == nullptr || streams.labels() < *least)) {
                least = &streams.labels();
            }
        }
        if (least == nullptr) {
            return all;
        }
        const auto ordinal = static_cast<std::uint32_t>(all.streams.size());
        all.streams.push_back(*least);
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (!left[i].done() && left[i].labels() == all.streams.back()) {
                all.ordinals[i][left[i].at()] = ordinal;
                LOGI_RETURN_IF_ERROR(left[i].next());
            }
        }
    }
}

}  // namespace logi::compact
