#include "query/tenant_source.h"

#include "base/bytes.h"
#include "segment/selection.h"

namespace logi::query {
namespace {

constexpr const char* kOriginalLabel = "original___tenant_id__";

Labels with_tenant(const Labels& stored, const std::string& tenant) {
    auto pairs = stored.pairs();
    for (auto& pair : pairs) {
        if (pair.name == kTenantLabel) {
            pair.name = kOriginalLabel;
        }
    }
    pairs.push_back({kTenantLabel, tenant});
    return Labels::from_pairs(std::move(pairs));
}

class OfTenant final : public segment::Relabelling {
  public:
    OfTenant(std::string tenant, bool shown) : tenant_(std::move(tenant)), shown_(shown) {}

    [[nodiscard]] Labels labels(Labels stored) const override {
        return shown_ ? with_tenant(stored, tenant_) : stored;
    }
    [[nodiscard]] StreamId id(StreamId stored) const override {
        std::string key = tenant_;
        base::ByteWriter w(key);
        w.varint(stored.high);
        w.varint(stored.low);
        return base::hash128(key);
    }

  private:
    const std::string tenant_;
    const bool shown_;
};

class TenantSource final : public segment::Source {
  public:
    TenantSource(std::shared_ptr<const segment::Source> source,
                 const std::string& tenant,
                 bool shown)
        : source_(std::move(source)),
          tenant_(tenant),
          relabelling_(std::make_shared<const OfTenant>(tenant, shown)) {}

    [[nodiscard]] StatusOr<segment::Selection> select(const std::vector<Matcher>& matchers,
                                                      Timestamp first,
                                                      Timestamp last) const override {
        std::vector<Matcher> stored;
        std::vector<Matcher> original;
        for (const auto& matcher : matchers) {
            if (matcher.name() != kTenantLabel) {
                (matcher.name() == kOriginalLabel ? original : stored).push_back(matcher);
            } else if (!matcher.matches(tenant_)) {
                // No time at all.
                return source_->select(stored, Timestamp::max(), Timestamp::min());
            }
        }
        LOGI_ASSIGN_OR_RETURN(segment::Selection selection, source_->select(stored, first, last));
        if (!original.empty()) {
            selection.leave_streams([&](std::uint32_t stream) {
                return matches_all(original, with_tenant(selection.labels(stream), tenant_));
            });
        }
        selection.relabel(relabelling_);
        return selection;
    }

  private:
    const std::shared_ptr<const segment::Source> source_;
    const std::string tenant_;
    const std::shared_ptr<const OfTenant> relabelling_;
};

}  // namespace

std::shared_ptr<const segment::Source> of_tenant(std::shared_ptr<const segment::Source> source,
                                                 const std::string& tenant,
                                                 bool shown) {
    return std::make_shared<const TenantSource>(std::move(source), tenant, shown);
}

}  // namespace logi::query
