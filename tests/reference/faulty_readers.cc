#include "faulty_readers.h"

#include "base/hash.h"
#include "query/serve.h"
#include "query/tenant_source.h"

#include <algorithm>

namespace logi::reference {
namespace {

const std::vector<std::string> kReaders = {"", "a", "b", "c"};

}  // namespace

FaultyReaders::FaultyReaders(std::shared_ptr<io::Executor> executor,
                             Segments segments,
                             std::uint64_t seed)
    : executor_(std::move(executor)), segments_(std::move(segments)), dice_(seed) {
    fault_percent_ = dice_.percent(30) ? 0 : dice_.below(100);
}

std::vector<std::string> FaultyReaders::for_key(std::string_view key) const {
    std::vector<std::pair<std::uint64_t, std::string>> ranked;
    for (const std::string& reader : kReaders) {
        ranked.emplace_back(base::hash64(std::string(key) + "|" + reader), reader);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<std::string> readers;
    for (const auto& [rank, reader] : ranked) {
        readers.push_back(reader);
    }
    return readers;
}

void FaultyReaders::ask(const std::string& reader,
                        std::string sub_plan,
                        Duration timeout,
                        io::CancelToken cancel,
                        Done done) {
    (void)reader;
    ++asked_;
    const auto plan = query::decode_sub_plan(sub_plan);
    const bool for_streams = plan.ok() && !plan->streams.has_all();
    asked_for_streams_ += for_streams ? 1U : 0U;
    if (!dice_.percent(fault_percent_)) {
        serve(sub_plan, cancel, std::move(done));
        return;
    }
    ++faults_;
    switch (dice_.below(for_streams ? 7 : 6)) {
        case 0:
            executor_->post([done] { done(absl::UnavailableError("gone")); });
            break;
        case 1:
            hang(timeout, cancel, done);
            break;
        case 2:
            executor_->post_after(
                Duration::millis(dice_.between(1, 200)),
                [this, sub_plan, cancel, done] { serve(sub_plan, cancel, done); });
            break;
        case 3:
            serve(sub_plan, cancel, [this, done](StatusOr<std::string> answer) {
                if (answer.ok()) {
                    damage(*answer);
                }
                done(std::move(answer));
            });
            break;
        case 4:
            serve(sub_plan, cancel, [this, done](const StatusOr<std::string>& answer) {
                done(answer);
                executor_->post([done, answer] { done(answer); });
            });
            break;
        case 6:
            executor_->post([done] { done(absl::UnimplementedError("another version")); });
            break;
        default:
            damage(sub_plan);
            serve(sub_plan, cancel, std::move(done));
            break;
    }
}

void FaultyReaders::hang(Duration left, const io::CancelToken& cancel, const Done& done) {
    const Duration step = Duration::millis(20);
    executor_->post_after(step, [this, left, step, cancel, done] {
        if (const Status s = cancel.check(); !s.ok() || left < step) {
            done(s.ok() ? absl::DeadlineExceededError("no answer") : s);
        } else {
            hang(Duration{left.ns - step.ns}, cancel, done);
        }
    });
}

void FaultyReaders::damage(std::string& answer) {
    if (dice_.percent(30)) {
        answer.resize(dice_.below(answer.size()));
    } else {
        char& byte = answer[dice_.below(answer.size())];
        byte = static_cast<char>(byte ^ static_cast<char>(1U << dice_.below(8)));
    }
}

void FaultyReaders::serve(const std::string& sub_plan, const io::CancelToken& cancel, Done done) {
    const auto plan = query::decode_sub_plan(sub_plan);
    if (!plan.ok()) {
        executor_->post([done, status = plan.status()] { done(status); });
        return;
    }
    exec::Sources sources;
    for (const query::StoredPart& part : plan->parts) {
        for (const query::StoredSegment& segment : part.segments) {
            auto source = exec::visible(segments_.at(segment.key), part.hiding);
            if (part.label != query::TenantLabel::kNone) {
                source =
                    query::of_tenant(source, part.tenant, part.label == query::TenantLabel::kShown);
            }
            sources.push_back(std::move(source));
        }
    }
    query::serve(executor_,
                 *plan,
                 sources,
                 Limits().max_query_memory_bytes,
                 cancel,
                 [done](std::string answer) { done(std::move(answer)); });
}

}  // namespace logi::reference
