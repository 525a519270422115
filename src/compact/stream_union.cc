#include "compact/stream_union.h"

#include "absl/strings/str_cat.h"

namespace logi::compact {
namespace {

// Goes through the streams of one source.
class Streams {
  public:
    explicit Streams(const segment::Selection& selection)
        : selection_(selection), streams_(selection.streams()) {
        settle();
    }

    [[nodiscard]] bool done() const { return next_ == streams_.size(); }
    [[nodiscard]] std::uint32_t at() const { return streams_[next_]; }
    [[nodiscard]] const Labels& labels() const { return labels_; }
    Status next() {
        const Labels before = labels_;
        ++next_;
        settle();
        return done() || before < labels_
                   ? absl::OkStatus()
                   : absl::FailedPreconditionError(absl::StrCat(
                         selection_.name(), ": streams are not in the order of their labels"));
    }

  private:
    void settle() {
        if (!done()) {
            labels_ = selection_.labels(at());
        }
    }

    const segment::Selection& selection_;
    const std::vector<std::uint32_t> streams_;
    std::size_t next_ = 0;
    Labels labels_;
};

}  // namespace

StatusOr<StreamUnion> union_of(const std::vector<StreamsOf>& sources) {
    StreamUnion all;
    std::vector<Streams> left;
    left.reserve(sources.size());
    for (const StreamsOf& source : sources) {
        left.emplace_back(*source.streams);
        all.ordinals.emplace_back(source.count, kNoStream);
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
