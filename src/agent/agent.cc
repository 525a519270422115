#include "agent/agent.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/client/delivery.h"
#include "agent/discovery/discovery.h"
#include "agent/discovery/http_discovery.h"
#include "agent/docker/docker_source.h"
#include "agent/files/file_targets.h"
#include "agent/files/line_decoder.h"
#include "agent/kubernetes/kubernetes_discovery.h"
#include "agent/positions/positions_file.h"
#include "agent/positions/read_log.h"
#include "agent/print_entries.h"
#include "agent/receive/receivers.h"
#include "agent/receive/server_tls.h"
#include "agent/source.h"
#include "agent/status_pages.h"
#include "agent/stdin_source.h"
#include "agent/systemd/systemd_source.h"
#include "base/log.h"
#include "io/open_files.h"
#include "io/process_usage.h"
#include "io/service_manager.h"
#include "net/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

namespace logi::agent {
namespace {

constexpr Duration kStatusDrainTime = Duration::seconds(1);  // of requests to the status pages

std::string hostname() {
    std::string name(256, '\0');
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.c_str())
                                                            : std::string("localhost");
}

class Agent {
  public:
    // Both must outlive start() and stop(), and be gone before the agent is: their tasks use it.
    Agent(AgentConfig config, const AgentFlags& flags, io::Executor& executor, io::Strand& strand)
        : config_(std::move(config)),
          flags_(flags),
          executor_(executor),
          strand_(strand),
          files_(io::make_posix_file_system()) {}

    Status start();
    // Waits for the last batches, as long as they arrive, and saves positions.
    void stop();

  private:
    [[nodiscard]] bool from_stdin() const { return flags_.stdin_source || config_.stdin_target; }
    [[nodiscard]] Client::Deps client_deps() {
        return {executor_, strand_, clock_, random_, metrics_, *files_};
    }
    Status open_log(SavedPositions& saved);
    Status make_delivery();
    Status start_server();
    void start_stdin();
    Status start_files(SavedPositions saved);
    Status make_sources(const ScrapeConfig& scrape, const Positions& saved);
    Status make_discoveries(const ScrapeConfig& scrape);
    HttpDeps http_deps();
    void read_on();
    void make_receivers();
    // Once on the strand, and waits for it.
    void on_strand(const std::function<void()>& body);
    void find_targets();
    void sync_later();
    void save_positions_later();
    void save_positions_now(const std::function<void()>& done);
    [[nodiscard]] AgentStatus status() const;

    const AgentConfig config_;
    const AgentFlags& flags_;
    io::Executor& executor_;
    io::Strand& strand_;
    const std::string hostname_ = hostname();
    base::Registry metrics_;
    io::SystemClock clock_;
    io::SystemRandom random_;
    const std::shared_ptr<const void> usage_ = io::tell_of_usage(metrics_, clock_);
    std::unique_ptr<io::FileSystem> files_;
    StageContext stages_{metrics_, clock_, ""};
    Pipeline::Observer observer_;

    // Touched on the strand only, once it runs.
    std::unique_ptr<ReadLog> log_;
    std::unique_ptr<Delivery> delivery_;
    std::unique_ptr<LineTimes> times_;
    std::unique_ptr<TokenBucket> line_rate_;
    std::unique_ptr<net::HttpStreams> streams_;  // if anybody needs it
    std::vector<std::pair<const ScrapeConfig*, std::unique_ptr<Discovery>>> discoveries_;
    std::vector<FileTarget> targets_;
    std::vector<DroppedTarget> dropped_;
    std::unique_ptr<FileTargets> file_targets_;
    std::vector<std::unique_ptr<Source>> sources_;
    std::unique_ptr<StdinSource> stdin_;
    std::unique_ptr<Receivers> receivers_;
    bool saving_ = false;
    std::vector<std::function<void()>> after_save_;
    std::optional<Positions> saved_;  // what the file of positions says
    bool stopping_ = false;

    std::unique_ptr<StatusPages> pages_;
    std::unique_ptr<net::HttpServer> server_;
};

void Agent::on_strand(const std::function<void()>& body) {
    io::wait_for(executor_, [&](const io::Task& done) {
        strand_.post([&body, done] {
            body();
            done();
        });
    });
}

Status Agent::open_log(SavedPositions& saved) {
    auto loaded = load_positions(config_.positions.filename);
    if (!loaded.ok() && config_.positions.ignore_invalid_yaml) {
        base::log_warn("the file of positions is ignored",
                       {{"error", std::string(loaded.status().message())}});
        loaded = std::optional<SavedPositions>();
    }
    LOGI_RETURN_IF_ERROR(loaded.status());
    const bool found = loaded->has_value();
    saved = (*std::move(loaded)).value_or(SavedPositions());
    if (flags_.dry_run || from_stdin()) {
        log_ = std::make_unique<ReadLog>();
        return absl::OkStatus();
    }
    LOGI_ASSIGN_OR_RETURN(log_,
                          ReadLog::open({executor_, strand_, *files_, clock_, random_, metrics_},
                                        config_.positions.filename + ".journal",
                                        found));
    return absl::OkStatus();
}

Status Agent::make_delivery() {
    if (flags_.dry_run) {
        delivery_ = Delivery::printing(config_, client_deps(), *log_, [](const Entry& entry) {
            std::fputs(entry_text(entry).c_str(), stdout);
            std::fflush(stdout);
        });
        return absl::OkStatus();
    }
    if (config_.clients.empty()) {
        return absl::InvalidArgumentError(
            "there is no client to send to: the file has no clients, and there is no -client.url");
    }
    LOGI_ASSIGN_OR_RETURN(delivery_, Delivery::make(config_, client_deps(), *log_));
    return absl::OkStatus();
}

Status Agent::start() {
    io::raise_open_files();
    if (flags_.inspect) {
        observer_ = make_inspector();
    }
    SavedPositions saved;
    LOGI_RETURN_IF_ERROR(open_log(saved));
    LOGI_RETURN_IF_ERROR(make_delivery());
    times_ = std::make_unique<LineTimes>(clock_, log_->last_time());
    if (!from_stdin()) {
        make_receivers();
        LOGI_RETURN_IF_ERROR(start_files(std::move(saved)));
        // They take messages at once.
        LOGI_RETURN_IF_ERROR(receivers_->start());
        return config_.server.disable ? absl::OkStatus() : start_server();
    }
    start_stdin();
    return absl::OkStatus();
}

void Agent::start_stdin() {
    static const PipelineSpec kNoStages;
    const PipelineSpec& pipeline =
        config_.scrape_configs.empty() ? kNoStages : config_.scrape_configs[0].pipeline;
    stdin_ = std::make_unique<StdinSource>(
        StdinSource::Deps{{stages_, *delivery_}, *delivery_, *times_, clock_, executor_, strand_},
        pipeline,
        stdin_labels(config_, hostname_));
    if (observer_) {
        stdin_->observe(observer_);
    }
    strand_.post([this] {
        delivery_->on_room([this] { stdin_->read_on(); });
        stdin_->start([this] { delivery_->flush([] { ::kill(::getpid(), SIGTERM); }); });
    });
}

// What the scrape config has beside files.
Status Agent::make_sources(const ScrapeConfig& scrape, const Positions& saved) {
    if (scrape.journal.has_value()) {
        LOGI_ASSIGN_OR_RETURN(auto source,
                              SystemdSource::make({{stages_, *delivery_},
                                                   clock_,
                                                   executor_,
                                                   strand_,
                                                   metrics_,
                                                   config_.target_sync_period},
                                                  scrape,
                                                  saved));
        if (observer_) {
            source->observe(observer_);
        }
        sources_.push_back(std::move(source));
    }
    for (const DockerSdConfig& docker : scrape.docker_sd_configs) {
        sources_.push_back(std::make_unique<DockerSource>(
            DockerDeps{
                {stages_, *delivery_}, http_deps(), clock_, metrics_, scrape, docker, observer_},
            saved));
    }
    return absl::OkStatus();
}

HttpDeps Agent::http_deps() {
    if (streams_ == nullptr) {
        streams_ = std::make_unique<net::HttpStreams>();
    }
    return {*streams_, executor_, strand_};
}

Status Agent::make_discoveries(const ScrapeConfig& scrape) {
    discoveries_.emplace_back(&scrape, discover_static(scrape.static_configs, hostname_));
    for (const FileSdConfig& sd : scrape.file_sd_configs) {
        discoveries_.emplace_back(&scrape, discover_in_files(sd));
    }
    for (const HttpSdConfig& sd : scrape.http_sd_configs) {
        discoveries_.emplace_back(&scrape, discover_by_http(http_deps(), sd));
    }
    for (const KubernetesSdConfig& sd : scrape.kubernetes_sd_configs) {
        LOGI_ASSIGN_OR_RETURN(auto pods, discover_pods(http_deps(), sd));
        discoveries_.emplace_back(&scrape, std::move(pods));
    }
    return absl::OkStatus();
}

void Agent::read_on() {
    file_targets_->read_on();
    for (const auto& source : sources_) {
        source->read_on();
    }
    receivers_->read_on();
}

Status Agent::start_files(SavedPositions saved) {
    if (config_.limits.readline_rate_enabled) {
        line_rate_ = std::make_unique<TokenBucket>(
            config_.limits.readline_rate, static_cast<double>(config_.limits.readline_burst));
    }
    const TailDeps tail{stages_,
                        *delivery_,
                        *log_,
                        *times_,
                        clock_,
                        line_rate_.get(),
                        config_.limits.readline_rate_drop,
                        observer_};
    for (const ScrapeConfig& scrape : config_.scrape_configs) {
        LOGI_RETURN_IF_ERROR(make_sources(scrape, saved.positions));
    }
    LOGI_ASSIGN_OR_RETURN(
        file_targets_, FileTargets::make({tail, executor_, strand_, metrics_}, std::move(saved)));
    for (const ScrapeConfig& scrape : config_.scrape_configs) {
        LOGI_RETURN_IF_ERROR(make_discoveries(scrape));
    }
    on_strand([this] {
        for (const auto& [scrape, discovery] : discoveries_) {
            discovery->start([this] { find_targets(); });
        }
        find_targets();
    });
    // Before anything is sent there is a file of positions: so that one that is not there was
    // removed.
    if (!flags_.dry_run) {
        io::wait_for(executor_, [this](const io::Task& done) {
            strand_.post([this, done] { save_positions_now(done); });
        });
    }
    strand_.post([this] {
        delivery_->on_room([this] { read_on(); });
        file_targets_->begin();
        for (const auto& source : sources_) {
            source->start();
        }
        sync_later();
        if (!flags_.dry_run) {
            save_positions_later();
        }
    });
    return absl::OkStatus();
}

void Agent::make_receivers() {
    receivers_ = std::make_unique<Receivers>(
        ReceiverDeps{
            {stages_, *delivery_}, *times_, clock_, executor_, strand_, metrics_, observer_},
        config_.scrape_configs);
}

void Agent::find_targets() {
    targets_.clear();
    dropped_.clear();
    for (const auto& [scrape, discovery] : discoveries_) {
        for (const TargetGroup& group : discovery->groups()) {
            resolve_targets(*scrape, group, hostname_, targets_, dropped_);
        }
    }
    metrics_.gauge("promtail_targets_active_total", "Number of active total.")
        .set(static_cast<double>(targets_.size() + sources_.size() + receivers_->size()));
    file_targets_->set_targets(targets_);
}

void Agent::sync_later() {
    executor_.post_after(config_.target_sync_period, [this] {
        strand_.post([this] {
            if (stopping_) {
                return;
            }
            for (const auto& [scrape, discovery] : discoveries_) {
                discovery->refresh();
            }
            file_targets_->sync(true);
            sync_later();
        });
    });
}

void Agent::save_positions_later() {
    executor_.post_after(config_.positions.sync_period, [this] {
        strand_.post([this] {
            if (!stopping_) {
                save_positions_now([] {});
                save_positions_later();
            }
        });
    });
}

// What the file is going to say is recorded before: see KnownFile::saved.
void Agent::save_positions_now(const std::function<void()>& done) {
    if (saving_) {
        after_save_.push_back(done);  // what is being saved may be older
        return;
    }
    SavedPositions positions = file_targets_->positions();
    for (const auto& source : sources_) {
        source->clear_positions(positions.positions);
    }
    for (const auto& source : sources_) {
        source->add_positions(positions.positions);
    }
    if (saved_ == positions.positions) {
        done();
        return;
    }
    saving_ = true;
    saved_ = positions.positions;
    file_targets_->tell_log(positions);
    log_->commit([this, done, positions = std::move(positions)] {
        executor_.post([this, done, positions] {
            const Status saved = save_positions(*files_, config_.positions.filename, positions);
            if (!saved.ok()) {
                base::log_error("positions are not saved",
                                {{"error", std::string(saved.message())}});
            }
            strand_.post([this, done, ok = saved.ok()] {
                saving_ = false;
                if (!ok) {
                    saved_.reset();
                }
                done();
                for (const auto& waiting : std::exchange(after_save_, {})) {
                    save_positions_now(waiting);
                }
            });
        });
    });
}

AgentStatus Agent::status() const {
    AgentStatus status{.receivers = receivers_->status(),
                       .files = file_targets_->status(),
                       .targets = targets_,
                       .dropped = dropped_,
                       .ready = !config_.server.health_check_target || file_targets_->tails() > 0 ||
                                !sources_.empty() || receivers_->size() > 0};
    for (const auto& source : sources_) {
        const std::vector<FileStatus> more = source->status();
        status.files.insert(status.files.end(), more.begin(), more.end());
    }
    return status;
}

Status Agent::start_server() {
    pages_ = std::make_unique<StatusPages>(
        StatusPages::Deps{config_,
                          metrics_,
                          [this](const std::function<void(AgentStatus)>& show) {
                              strand_.post([this, show] { show(status()); });
                          },
                          [] {
                              ::kill(::getpid(), SIGHUP);
                          }});
    net::ServerOptions options;
    options.address = config_.server.http_listen_address;
    options.port = config_.server.http_listen_port;
    LOGI_ASSIGN_OR_RETURN(options.tls, server_tls(config_.server.tls));
    LOGI_ASSIGN_OR_RETURN(
        server_,
        net::HttpServer::start(
            options, [this](const net::HttpRequest& request, const net::Responder& respond) {
                pages_->handle(request, respond);
            }));
    base::log_info("status pages", {{"address", server_->address()}});
    return absl::OkStatus();
}

void Agent::stop() {
    if (server_ != nullptr) {
        server_->shutdown(kStatusDrainTime);
    }
    if (delivery_ == nullptr) {
        return;
    }
    if (receivers_ != nullptr) {
        receivers_->shutdown();
    }
    io::wait_for(executor_, [this](const io::Task& done) {
        strand_.post([this, done] {
            stopping_ = true;
            for (const auto& [scrape, discovery] : discoveries_) {
                discovery->stop();
            }
            if (file_targets_ != nullptr) {
                file_targets_->stop();
            }
            for (const auto& source : sources_) {
                source->stop();
            }
            if (stdin_ != nullptr) {
                stdin_->stop();
            }
            if (receivers_ != nullptr) {
                receivers_->finish();
            }
            delivery_->stop([this, done] {
                if (file_targets_ == nullptr || flags_.dry_run) {
                    done();
                } else {
                    save_positions_now([this, done] { log_->commit(done); });
                }
            });
        });
    });
    for (const auto& source : sources_) {
        source->join();
    }
    streams_.reset();
}

int fail(const Status& status) {
    std::fprintf(stderr, "logi agent: %s\n", std::string(status.message()).c_str());
    return 1;
}

void say_what_is_unused(const AgentConfig& config) {
    if (!config.unused_keys.empty()) {
        base::log_warn("keys without effect", {{"keys", absl::StrJoin(config.unused_keys, ", ")}});
    }
    base::LogLevel level = base::LogLevel::kInfo;
    if (base::parse_log_level(config.server.log_level, level)) {
        base::set_log_level(level);
    }
}

// What is only known to be wrong by those who use it.
StatusOr<AgentConfig> checked_config(const AgentFlags& flags) {
    LOGI_ASSIGN_OR_RETURN(AgentConfig config, configure(flags));
    for (const ScrapeConfig& scrape : config.scrape_configs) {
        const Status status = LineDecoder::make(scrape.encoding, "").status();
        if (!status.ok()) {
            return absl::InvalidArgumentError(absl::StrCat(
                flags.config_file, ": scrape config '", scrape.job_name, "': ", status.message()));
        }
    }
    return config;
}

// Returns the signal that ended it.
StatusOr<int> run_once(const AgentConfig& config,
                       const AgentFlags& flags,
                       const sigset_t& signals) {
    auto executor =
        std::make_unique<io::ThreadPool>(std::max<std::size_t>(2, config.clients.size() + 1));
    io::Strand strand(*executor);
    Agent agent(config, flags, *executor, strand);
    const Status status = agent.start();
    int signal = SIGTERM;
    if (status.ok()) {
        base::log_info("ready");
        io::tell_service_manager(io::kServiceReady);
        sigwait(&signals, &signal);
        base::log_info("stopping", {{"signal", std::to_string(signal)}});
        if (signal != SIGHUP) {
            io::tell_service_manager(io::kServiceStopping);
        }
    }
    agent.stop();
    executor.reset();
    if (!status.ok()) {
        return status;
    }
    return signal;
}

}  // namespace

int run(const AgentFlags& flags) {
    auto config = checked_config(flags);
    if (!config.ok()) {
        return fail(config.status());
    }
    if (flags.check_syntax) {
        std::puts("Valid config file! No syntax issues found");
        return 0;
    }
    if (flags.print_config) {
        std::fputs(shown_config(*config).c_str(), stderr);
    }
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&signals, signal);
    }
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    while (true) {
        say_what_is_unused(*config);
        const auto signal = run_once(*config, flags, signals);
        if (!signal.ok()) {
            return fail(signal.status());
        }
        if (*signal != SIGHUP) {
            return 0;
        }
        auto next = checked_config(flags);
        if (next.ok()) {
            config = std::move(next);
        } else {
            base::log_error("the new configuration is not taken",
                            {{"error", std::string(next.status().message())}});
        }
    }
}

}  // namespace logi::agent
