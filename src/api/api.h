// Loki's HTTP API, and OTLP over gRPC over a store.
#pragma once

#include "api/byte_budget.h"
#include "api/endpoint.h"
#include "api/scope.h"
#include "auth/gate.h"
#include "base/metrics.h"
#include "cluster/members.h"
#include "compact/deletes.h"
#include "config/config.h"
#include "ingest/store.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/random.h"
#include "net/grpc_server.h"
#include "net/http.h"
#include "query/fair_queue.h"
#include "query/query.h"
#include "query/spread.h"
#include "rule/rule_store.h"
#include "tail/journal_poll.h"
#include "tail/tails.h"

#include <memory>
#include <string>
#include <variant>

namespace logi::rule {
class Ruler;
}

namespace logi::api {

class Lifecycle;
class Params;
// How names and values of labels are written.
using NamesJson = StatusOr<std::string> (*)(const std::vector<std::string>& names,
                                            const std::vector<std::string>& warnings,
                                            std::int64_t bytes_max);

// Thread-safe. Holds references: all must outlive it and every request under way.
class Api {
  public:
    // What this process does of what there is to do.
    struct Roles {
        bool shared = false;  // others work over the same bucket
        bool write = true;
        bool read = true;
    };
    struct Deps {
        ingest::Store& store;
        compact::Deletes& deletes;
        tail::Tails& tails;
        io::Executor& executor;
        const io::Clock& clock;
        io::Random& random;
        base::Registry& metrics;
        Lifecycle& lifecycle;
        Roles roles = {};
        // That share queries over much; null: there are no others.
        std::shared_ptr<query::Readers> readers = nullptr;
        const cluster::Members* members = nullptr;  // null: there is this process only
        tail::JournalPoll* journals = nullptr;      // where processes share a bucket
        // Null, both: this process has nothing to do with rules.
        rule::RuleStore* rules = nullptr;
        rule::Ruler* ruler = nullptr;
    };
    Api(const Deps& deps, const config::Config& config, auth::Gate* gate)
        : store_(deps.store),
          deletes_(deps.deletes),
          tails_(deps.tails),
          executor_(deps.executor),
          clock_(deps.clock),
          random_(deps.random),
          metrics_(deps.metrics),
          lifecycle_(deps.lifecycle),
          roles_(deps.roles),
          readers_(deps.readers),
          members_(deps.members),
          journals_(deps.journals),
          rules_(deps.rules),
          ruler_(deps.ruler),
          config_(config),
          gate_(gate),
          push_budget_(deps.executor, kPushBytesMax),
          turns_(deps.executor, deps.clock, deps.metrics, outstanding_max(config)) {}

    // Answers a request; `respond` is called once.
    void handle(net::HttpRequest request, net::Responder respond);
    // The same for a call of gRPC.
    void handle_grpc(net::HttpRequest request, const net::GrpcResponder& respond);
    // Answers the sub-plan of another reader (query/sub_plan.h), in its tenant's turn. `done` is
    // called once: with why there is no answer, of which the other can make nothing.
    void serve_sub_plan(std::string_view bytes,
                        io::CancelToken cancel,
                        std::function<void(StatusOr<std::string>)> done);

  private:
    friend std::vector<Endpoint> endpoints();
    using TenantHandler = void (Api::*)(const net::HttpRequest&,
                                        const std::string& tenant,
                                        net::Responder);
    // Of what shows or touches stored entries.
    using ScopeHandler = void (Api::*)(const net::HttpRequest&, const Scope&, net::Responder);
    using Handler = std::variant<TenantHandler, ScopeHandler>;
    // Reading takes long, and no longer than query_timeout.
    enum class Work { kShort, kReading };
    struct Route : Endpoint {
        Handler handler;
        Work work = Work::kShort;
    };
    // Memory of pushes from decoding to their answer, all together.
    static constexpr std::uint64_t kPushBytesMax = 512ULL << 20U;

    static const std::vector<Route>& routes();
    static const Route& grpc_route();
    static std::size_t outstanding_max(const config::Config& config);
    void dispatch(const Route& route, net::HttpRequest request, net::Responder respond);
    // Makes the responder count the request, log it, and answer its id.
    net::Responder measured(const std::string& route,
                            bool grpc,
                            const net::HttpRequest& request,
                            net::Responder respond);
    // /loki/api/v1/label/{name}/values is loki_api_v1_label_name_values; a call is as it is.
    static std::string route_label(const Route& route);
    static bool is_grpc(const Route& route);
    // Once it is known who asks; null: nobody has to say.
    void let_in(const Route& route,
                const std::shared_ptr<const auth::Credential>& who,
                net::HttpRequest request,
                net::Responder respond);
    static bool tells_of_rules(const Route& route);
    // Why it is not for this process; empty: it is.
    [[nodiscard]] std::string not_here(const Route& route) const;
    // Whose data the request is about, or why it is not answered.
    std::variant<Scope, net::HttpResponse> scope_of(const Route& route,
                                                    const auth::Credential* who,
                                                    const net::HttpRequest& request) const;
    // Logs a read that is no query.
    net::Responder logged(const Route& route,
                          const net::HttpRequest& request,
                          const Scope& scope,
                          net::Responder respond);
    // Answers once: at the timeout, when the request is cancelled, or before.
    net::Responder answer_in_time(const io::CancelToken& cancel,
                                  Duration query_timeout,
                                  net::Responder respond);

    // Pushes once there is memory for so many bytes: at once, or later what is then a copy of the
    // request.
    using AdmittedPush = std::function<void(const net::HttpRequest&, const ByteBudget::Ticket&)>;
    void admit_push(std::uint64_t bytes, const net::HttpRequest& request, AdmittedPush push);
    void push(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void push_now(const net::HttpRequest&,
                  const std::string& tenant,
                  net::Responder,
                  const ByteBudget::Ticket& ticket);
    void push_otlp(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void push_otlp_grpc(const net::HttpRequest&, const std::string& tenant, net::Responder);
    // Logs of OpenTelemetry, however they came.
    using Exported = std::function<void(const ingest::PushOutcome&)>;
    void export_logs(const net::HttpRequest&, const std::string& tenant, Exported done);
    void export_logs_now(const net::HttpRequest&,
                         const std::string& tenant,
                         Exported done,
                         const ByteBudget::Ticket& ticket);
    void query_range(const net::HttpRequest&, const Scope& scope, net::Responder);
    void query(const net::HttpRequest&, const Scope& scope, net::Responder);
    void legacy_query(const net::HttpRequest&, const Scope& scope, net::Responder);
    void tail(const net::HttpRequest&, const Scope& scope, net::Responder);
    void labels(const net::HttpRequest&, const Scope& scope, net::Responder);
    void label_values(const net::HttpRequest&, const Scope& scope, net::Responder);
    void series(const net::HttpRequest&, const Scope& scope, net::Responder);
    void index_stats(const net::HttpRequest&, const Scope& scope, net::Responder);
    void index_volume(const net::HttpRequest&, const Scope& scope, net::Responder);
    void index_volume_range(const net::HttpRequest&, const Scope& scope, net::Responder);
    void detected_labels(const net::HttpRequest&, const Scope& scope, net::Responder);
    void detected_fields(const net::HttpRequest&, const Scope& scope, net::Responder);
    void detected_field_values(const net::HttpRequest&, const Scope& scope, net::Responder);
    void patterns(const net::HttpRequest&, const Scope& scope, net::Responder);
    void format_query(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void delete_requests(const net::HttpRequest&, const Scope& scope, net::Responder);
    void add_delete(const Params& params, const Scope& scope, net::Responder respond);
    net::HttpResponse cancel_delete(const Params& params, const Scope& scope);
    net::HttpResponse list_deletes(const Params& params, const Scope& scope) const;
    void rule_groups(const net::HttpRequest&, const Scope& scope, net::Responder);
    net::HttpResponse show_groups(const Params& params,
                                  const Scope& scope,
                                  const std::vector<std::string>& names);
    net::HttpResponse set_group(const net::HttpRequest& request,
                                const Scope& scope,
                                const std::string& name_space);
    net::HttpResponse rules_changed(const Status& status);
    net::HttpResponse remove_groups(const Scope& scope, const std::vector<std::string>& names);
    void list_rules(const net::HttpRequest&, const Scope& scope, net::Responder);
    void list_alerts(const net::HttpRequest&, const Scope& scope, net::Responder);
    void drilldown_limits(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void tenant_limits(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void ready(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void metrics(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void show_config(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void services(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void prepare_shutdown(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void shutdown(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void flush(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void memberlist(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void write_ring(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void read_ring(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void compact_ring(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void rule_ring(const net::HttpRequest&, const std::string& tenant, net::Responder);
    // Those with that role, all where it is empty, as a page or as JSON.
    [[nodiscard]] net::HttpResponse show_members(const net::HttpRequest& request,
                                                 const std::string& role) const;
    void buildinfo(const net::HttpRequest&, const std::string& tenant, net::Responder);
    void log_level(const net::HttpRequest&, const std::string& tenant, net::Responder);
    // What is stored of the scope. Of several tenants each stream has its tenant as a label, unless
    // that is not to be shown.
    enum class TenantLabel { kShown, kHidden };
    [[nodiscard]] ingest::Pinned pin(const Scope& scope,
                                     TimeRange range,
                                     TenantLabel label = TenantLabel::kShown);
    // What limits a tenant, or a read of several, now.
    [[nodiscard]] std::shared_ptr<const ingest::TenantRules> rules(const Scope& scope) const;
    [[nodiscard]] std::shared_ptr<const ingest::TenantRules> rules(
        const std::string& tenant) const {
        return store_.limits().of(tenant);
    }
    // The sources that a query reads.
    ingest::Pinned pin(const Scope& scope, const query::Prepared& query);
    struct SpreadPin {
        std::shared_ptr<const query::Spread> spread;
        std::vector<std::string> missing;
    };
    // The same, told apart by who can read them.
    SpreadPin pin_spread(const Scope& scope, const query::Prepared& query, const Limits& limits);
    void explain(query::Request request,
                 const net::HttpRequest& http,
                 const Scope& scope,
                 const net::Responder& respond);
    // kInvalidArgument if one of the tenants has it that the query is not run.
    Status check_blocked(const query::Prepared& query,
                         const net::HttpRequest& http,
                         const Scope& scope) const;

    // Finds out the plan of a query that was slow, and logs it.
    struct SlowQuery;
    void log_slow(const std::shared_ptr<const SlowQuery>& slow);
    // Makes an answer of a result; `warnings` say what it lacks.
    using Answer = std::function<StatusOr<std::string>(
        const query::Result& result, const std::vector<std::string>& warnings, double seconds)>;
    static net::HttpResponse answer_of(const StatusOr<query::Result>& result,
                                       std::vector<std::string> missing,
                                       const Answer& answer,
                                       Duration took);
    void run(query::Request request,
             const net::HttpRequest& http,
             const Scope& scope,
             Answer answer,
             net::Responder respond);

    struct Streams {
        std::vector<Labels> labels;
        std::vector<std::string> missing;  // what could not be read
    };
    // start and end, of which max_query_lookback may have cut the beginning, even all of it.
    StatusOr<TimeRange> range_in_lookback(const Params& params, const Limits& limits) const;
    // The same for endpoints that refuse an end before the start.
    StatusOr<TimeRange> range_forward(const Params& params, const Limits& limits) const;
    // The streams that any of the selectors (none: all) picks in the request's range, which `widen`
    // adapts to the grain of the answer.
    StatusOr<Streams> streams_of(const Params& params,
                                 const std::vector<std::string>& selectors,
                                 const Scope& scope,
                                 TimeRange (*widen)(TimeRange),
                                 TenantLabel label = TenantLabel::kShown);
    void respond_names(const net::HttpRequest& http,
                       const Scope& scope,
                       NamesJson json,
                       const net::Responder& respond,
                       const std::function<std::vector<std::string>(const Streams&)>& names_of);
    // Runs the log query of a request for fields. `answer` gets the request's limit.
    using FieldsAnswer =
        std::function<StatusOr<std::string>(const std::vector<query::LogRow>& rows,
                                            std::uint32_t limit,
                                            const std::vector<std::string>& warnings)>;
    void respond_fields(const net::HttpRequest& http,
                        const Scope& scope,
                        FieldsAnswer answer,
                        net::Responder respond);
    void respond_volume(const net::HttpRequest& http,
                        const Scope& scope,
                        bool by_step,
                        net::Responder respond);

    ingest::Store& store_;
    compact::Deletes& deletes_;
    tail::Tails& tails_;
    io::Executor& executor_;
    const io::Clock& clock_;
    io::Random& random_;
    base::Registry& metrics_;
    Lifecycle& lifecycle_;
    const Roles roles_;
    const std::shared_ptr<query::Readers> readers_;
    const cluster::Members* const members_;
    tail::JournalPoll* const journals_;
    // Both null where rules are others' work.
    rule::RuleStore* const rules_;
    rule::Ruler* const ruler_;
    const config::Config& config_;
    auth::Gate* const gate_;  // null: everybody may everything
    ByteBudget push_budget_;
    query::FairQueue turns_;
};

// Whether a request came by the older API, /api/prom.
[[nodiscard]] bool is_legacy(const net::HttpRequest& request);

// The tenant id of a header, by Loki's rules; kInvalidArgument with its text.
StatusOr<std::string> check_tenant(std::string_view id);

}  // namespace logi::api
