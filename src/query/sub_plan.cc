#include "query/sub_plan.h"

#include "query/checked_bytes.h"

namespace logi::query {
namespace {

constexpr std::string_view kPlanMagic = "LOGISUBP";
// More steps no query has.
constexpr std::uint64_t kStepsMax = 10'000'000;
// Of all kinds, and tenants: each takes far more memory than the bytes that it is told in.
constexpr std::uint64_t kMatchersMax = 10'000;
constexpr std::int64_t kFarNs = std::int64_t{1} << 61;

enum Flag : std::uint8_t { kMetric = 1, kForward = 2, kEqualEntries = 4, kColumns = 8, kAll = 15 };

void write(base::ByteWriter& w, const std::vector<Matcher>& matchers) {
    w.varint(matchers.size());
    for (const Matcher& matcher : matchers) {
        w.u8(static_cast<std::uint8_t>(matcher.op()));
        w.string(matcher.name());
        w.string(matcher.value());
    }
}

void write(base::ByteWriter& w, const exec::Hiding& hiding) {
    w.varint(hiding.rules.size());
    for (const auto& rule : hiding.rules) {
        w.string(rule->query);
        w.i64(rule->now.ns);
        w.i64(rule->first.ns);
        w.i64(rule->last.ns);
        w.varint(rule->arrived.size());
        for (const auto& [journal, position] : rule->arrived) {
            w.u64(journal);
            w.u64(position);
        }
    }
    w.varint(hiding.retention.size());
    for (const exec::KeepRule& rule : hiding.retention) {
        write(w, rule.matchers);
        w.i64(rule.kept_from.ns);
    }
    write(w, hiding.only);
}

void write(base::ByteWriter& w, const StoredPart& part) {
    w.string(part.tenant);
    w.u8(static_cast<std::uint8_t>(part.label));
    write(w, part.hiding);
    w.varint(part.segments.size());
    for (const StoredSegment& segment : part.segments) {
        w.string(segment.key);
        w.i64(segment.min_time.ns);
        w.i64(segment.max_time.ns);
        w.varint(segment.size_bytes);
    }
}

void write(base::ByteWriter& w, const Labels& labels) {
    w.varint(labels.size());
    for (const LabelPair& pair : labels.pairs()) {
        w.string(pair.name);
        w.string(pair.value);
    }
}

// Whether it has an end, where it begins, and where it ends.
void write(base::ByteWriter& w, const StreamRange& range) {
    w.u8(range.to.has_value() ? 1 : 0);
    write(w, range.from);
    if (range.to.has_value()) {
        write(w, *range.to);
    }
}

// Of what is read. Every other count is met by bytes, so lists grow only as long as there are some.
class Allowance {
  public:
    Status take() {
        return ++taken_ <= kMatchersMax
                   ? absl::OkStatus()
                   : absl::InvalidArgumentError(
                         "a sub-plan has too many matchers, labels or tenants");
    }

  private:
    std::uint64_t taken_ = 0;
};

Status read(base::ByteReader& r, std::vector<Matcher>& matchers, Allowance& allowance) {
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        LOGI_RETURN_IF_ERROR(allowance.take());
        const std::uint8_t op = r.u8();
        if (op > static_cast<std::uint8_t>(MatchOp::kNotRegex)) {
            return absl::InvalidArgumentError("a sub-plan has a matcher of no known kind");
        }
        std::string name(r.string());
        std::string value(r.string());
        LOGI_ASSIGN_OR_RETURN(
            Matcher matcher,
            Matcher::make(std::move(name), static_cast<MatchOp>(op), std::move(value)));
        matchers.push_back(std::move(matcher));
    }
    return absl::OkStatus();
}

Status read_rules(base::ByteReader& r, exec::Hiding& hiding, Allowance& allowance) {
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        LOGI_RETURN_IF_ERROR(allowance.take());
        const std::string query(r.string());
        const Timestamp now{r.i64()};
        const Timestamp first{r.i64()};
        const Timestamp last{r.i64()};
        std::map<std::uint64_t, std::uint64_t> arrived;
        for (std::uint64_t journals = r.varint(); journals > 0 && r.ok(); --journals) {
            const std::uint64_t journal = r.u64();
            arrived[journal] = r.u64();
        }
        if (!r.ok()) {
            break;
        }
        LOGI_ASSIGN_OR_RETURN(auto rule,
                              exec::HideRule::make(query, now, first, last, std::move(arrived)));
        hiding.rules.push_back(std::move(rule));
    }
    return absl::OkStatus();
}

Status read(base::ByteReader& r, exec::Hiding& hiding, Allowance& allowance) {
    LOGI_RETURN_IF_ERROR(read_rules(r, hiding, allowance));
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        LOGI_RETURN_IF_ERROR(allowance.take());
        exec::KeepRule& rule = hiding.retention.emplace_back();
        LOGI_RETURN_IF_ERROR(read(r, rule.matchers, allowance));
        rule.kept_from = {r.i64()};
    }
    return read(r, hiding.only, allowance);
}

Status read(base::ByteReader& r, StoredPart& part, Allowance& allowance) {
    LOGI_RETURN_IF_ERROR(allowance.take());
    part.tenant = r.string();
    const std::uint8_t label = r.u8();
    if (label > static_cast<std::uint8_t>(TenantLabel::kHidden)) {
        return absl::InvalidArgumentError("a sub-plan has a tenant of no known kind");
    }
    part.label = static_cast<TenantLabel>(label);
    LOGI_RETURN_IF_ERROR(read(r, part.hiding, allowance));
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        StoredSegment& segment = part.segments.emplace_back();
        segment.key = r.string();
        segment.min_time = {r.i64()};
        segment.max_time = {r.i64()};
        segment.size_bytes = r.varint();
    }
    return absl::OkStatus();
}

Status read(base::ByteReader& r, Labels& labels, Allowance& allowance) {
    std::vector<LabelPair> pairs;
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        LOGI_RETURN_IF_ERROR(allowance.take());
        LabelPair& pair = pairs.emplace_back();
        pair.name = r.string();
        pair.value = r.string();
    }
    labels = Labels::of_result(std::move(pairs));
    return absl::OkStatus();
}

Status read(base::ByteReader& r, StreamRange& range, Allowance& allowance) {
    const std::uint8_t ends = r.u8();
    LOGI_RETURN_IF_ERROR(read(r, range.from, allowance));
    if (ends != 0) {
        LOGI_RETURN_IF_ERROR(read(r, range.to.emplace(), allowance));
    }
    if (ends > 1 || range.has_all() || (range.to.has_value() && *range.to <= range.from)) {
        return absl::InvalidArgumentError("a sub-plan has a range of streams that is none");
    }
    return absl::OkStatus();
}

bool is_near(Timestamp time) {
    return time.ns > -kFarNs && time.ns < kFarNs;
}

// What arithmetic with times relies on.
Status check(const SubPlan& plan) {
    const bool times = is_near(plan.first) && is_near(plan.last) && plan.first <= plan.last;
    const exec::Steps& steps = plan.steps;
    const bool steps_ok =
        !plan.metric ||
        (steps.count > 0 && steps.count <= kStepsMax && steps.step.ns > 0 && is_near(steps.first) &&
         steps.step.ns <= kFarNs / static_cast<std::int64_t>(steps.count));
    if (!times || !steps_ok || plan.memory_bytes_max <= 0) {
        return absl::InvalidArgumentError("a sub-plan asks for what no query asks for");
    }
    return absl::OkStatus();
}

}  // namespace

SubPlan sub_plan_of(const Piece& piece,
                    const std::string& query,
                    const Request& request,
                    std::int64_t memory_bytes_max) {
    SubPlan plan;
    plan.query = query;
    plan.first = piece.time.first;
    plan.last = piece.time.last;
    plan.equal_entries = request.equal_entries;
    plan.columns = request.columns;
    plan.now = request.now;
    plan.memory_bytes_max = memory_bytes_max;
    plan.streams = piece.streams;
    plan.parts = piece.parts;
    return plan;
}

bool can_encode(const exec::Hiding& hiding) {
    return std::all_of(hiding.rules.begin(), hiding.rules.end(), [](const auto& rule) {
        return !rule->query.empty();
    });
}

std::string encode(const SubPlan& plan) {
    const bool ranged = !plan.streams.has_all();
    std::string out = begin_checked(kPlanMagic, ranged ? kRangedPlanVersion : kSubPlanVersion);
    base::ByteWriter w(out);
    if (ranged) {
        write(w, plan.streams);
    }
    w.u8(static_cast<std::uint8_t>((plan.metric ? kMetric : 0) | (plan.forward ? kForward : 0) |
                                   (plan.equal_entries ? kEqualEntries : 0) |
                                   (plan.columns ? kColumns : 0)));
    w.string(plan.query);
    w.i64(plan.first.ns);
    w.i64(plan.last.ns);
    w.i64(plan.steps.first.ns);
    w.i64(plan.steps.step.ns);
    w.varint(plan.steps.count);
    w.varint(plan.limit);
    w.i64(plan.now.ns);
    w.i64(plan.memory_bytes_max);
    w.varint(plan.parts.size());
    for (const StoredPart& part : plan.parts) {
        write(w, part);
    }
    end_checked(out);
    return out;
}

StatusOr<SubPlan> decode_sub_plan(std::string_view bytes) {
    auto opened = open_checked(bytes, kPlanMagic, kSubPlanVersion, "sub-plan");
    const bool ranged = absl::IsUnimplemented(opened.status());
    if (ranged) {
        opened = open_checked(bytes, kPlanMagic, kRangedPlanVersion, "sub-plan");
    }
    LOGI_ASSIGN_OR_RETURN(base::ByteReader r, std::move(opened));
    SubPlan plan;
    Allowance allowance;
    if (ranged) {
        LOGI_RETURN_IF_ERROR(read(r, plan.streams, allowance));
    }
    const std::uint8_t flags = r.u8();
    plan.metric = (flags & kMetric) != 0;
    plan.forward = (flags & kForward) != 0;
    plan.equal_entries = (flags & kEqualEntries) != 0;
    plan.columns = (flags & kColumns) != 0;
    plan.query = r.string();
    plan.first = {r.i64()};
    plan.last = {r.i64()};
    plan.steps.first = {r.i64()};
    plan.steps.step = {r.i64()};
    plan.steps.count = r.varint();
    const std::uint64_t limit = r.varint();
    plan.limit = static_cast<std::uint32_t>(limit);
    plan.now = {r.i64()};
    plan.memory_bytes_max = r.i64();
    for (std::uint64_t left = r.varint(); left > 0 && r.ok(); --left) {
        LOGI_RETURN_IF_ERROR(read(r, plan.parts.emplace_back(), allowance));
    }
    if (!r.ok() || !r.done() || flags > kAll || limit > UINT32_MAX) {
        return absl::DataLossError("a sub-plan is damaged");
    }
    LOGI_RETURN_IF_ERROR(check(plan));
    return plan;
}

}  // namespace logi::query
