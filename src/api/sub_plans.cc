// Queries that other readers help with, and those of others that this one helps with.
#include "api/api.h"
#include "api/read_request.h"
#include "query/serve.h"
#include "query/tenant_source.h"

namespace logi::api {
namespace {

query::StoredSegment stored(const catalog::SegmentInfo& info) {
    return {info.key, info.min_time, info.max_time, info.size_bytes};
}

// As tenants of a read of several are labelled.
std::shared_ptr<const segment::Source> labelled(std::shared_ptr<const segment::Source> source,
                                                const std::string& tenant,
                                                query::TenantLabel label) {
    return label == query::TenantLabel::kNone
               ? source
               : query::of_tenant(std::move(source), tenant, label == query::TenantLabel::kShown);
}

}  // namespace

Api::SpreadPin Api::pin_spread(const Scope& scope,
                               const query::Prepared& query,
                               const Limits& limits) {
    auto spread = std::make_shared<query::Spread>();
    SpreadPin all;
    spread->readers = readers_;
    spread->options.piece_bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(config_.split_piece_size, 1));
    spread->options.split_bytes_min = 2 * spread->options.piece_bytes;
    if (limits.query_timeout.ns > 0) {
        spread->options.timeout = limits.query_timeout;
    }
    std::vector<std::string> tenants = scope.others;
    tenants.insert(tenants.begin(), scope.tenant);
    const auto label =
        scope.others.empty() ? query::TenantLabel::kNone : query::TenantLabel::kShown;
    const auto opening = readers_ == nullptr ? ingest::Opening::kNow : ingest::Opening::kLate;
    for (const auto& tenant : tenants) {
        if (query.range.start >= query.range.end) {
            break;
        }
        ingest::Pinned one = store_.pin(tenant, query.range, scope.only, opening);
        query::StoredPart part{tenant, label, one.hiding, {}};
        exec::Sources opened;
        for (std::size_t i = 0; i < one.sources.size(); ++i) {
            auto source = labelled(std::move(one.sources[i]), tenant, label);
            if (i < one.heads) {
                spread->here.push_back(std::move(source));
            } else {
                opened.push_back(std::move(source));
                part.segments.push_back(stored(one.segments[i - one.heads]));
            }
        }
        spread->stored.push_back(std::move(part));
        spread->opened.push_back(std::move(opened));
        all.missing.insert(all.missing.end(), one.missing.begin(), one.missing.end());
    }
    all.spread = std::move(spread);
    return all;
}

void Api::serve_sub_plan(std::string_view bytes,
                         io::CancelToken cancel,
                         std::function<void(StatusOr<std::string>)> done) {
    auto decoded = query::decode_sub_plan(bytes);
    if (!decoded.ok() || decoded->parts.empty()) {
        done(decoded.ok() ? absl::InvalidArgumentError("a sub-plan reads nothing")
                          : decoded.status());
        return;
    }
    Scope scope;
    scope.tenant = decoded->parts.front().tenant;
    for (std::size_t i = 1; i < decoded->parts.size(); ++i) {
        scope.others.push_back(decoded->parts[i].tenant);
    }
    const auto rules = this->rules(scope);
    // Beyond what the tenant may have waiting the other reader asks the next one.
    auto place = enter_turns(turns_, scope.tenant, rules->limits, executor_);
    if (!place.ok()) {
        done(place.status());
        return;
    }
    const std::shared_ptr<io::Executor> reading = *std::move(place);
    auto plan = std::make_shared<const query::SubPlan>(*std::move(decoded));
    const std::int64_t memory_bytes_max = rules->limits.max_query_memory_bytes;
    reading->post_long([this, reading, plan, memory_bytes_max, cancel, done = std::move(done)] {
        exec::Sources sources;
        for (const query::StoredPart& part : plan->parts) {
            std::vector<catalog::SegmentInfo> infos;
            for (const query::StoredSegment& segment : part.segments) {
                catalog::SegmentInfo& info = infos.emplace_back();
                info.key = segment.key;
                info.size_bytes = segment.size_bytes;
            }
            auto opened = store_.open_pinned(part.tenant, infos, part.hiding);
            if (!opened.ok()) {
                done(opened.status());
                return;
            }
            for (auto& source : *opened) {
                sources.push_back(labelled(std::move(source), part.tenant, part.label));
            }
        }
        query::serve(reading, *plan, std::move(sources), memory_bytes_max, cancel, done);
    });
}

}  // namespace logi::api
