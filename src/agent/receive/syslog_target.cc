#include "agent/receive/syslog_target.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/receive/complaints.h"
#include "agent/receive/datagrams.h"
#include "agent/receive/peer_names.h"
#include "agent/receive/server_tls.h"
#include "agent/receive/syslog_framer.h"
#include "net/tcp_server.h"

#include <array>
#include <deque>
#include <utility>

namespace logi::agent {
namespace {

// Lines that follow each other within it may be of one message.
constexpr Duration kMessagePause = Duration::millis(250);
constexpr Duration kSyslogDrainTime = Duration::seconds(1);
constexpr const char* kAddressLabel = "__syslog_connection_ip_address";
constexpr const char* kNameLabel = "__syslog_connection_hostname";
constexpr std::string_view kMessagePrefix = "__syslog_message_";

class SyslogTarget;

// What one connection sends. Touched on the strand, but for what the server calls.
class Connection final : public net::TcpReceiver, public std::enable_shared_from_this<Connection> {
  public:
    Connection(SyslogTarget& target, std::string address, std::size_t message_bytes_max)
        : target_(target), address_(std::move(address)), framer_(message_bytes_max) {}

    void receive(std::string bytes, Next next) override;
    void end() override;

    // Takes messages as long as there is room.
    void work();

  private:
    SyslogFramer::Frame next_frame();
    void ask_for_more();
    void watch_pause();

    SyslogTarget& target_;
    const std::string address_;
    SyslogFramer framer_;
    Next next_;
    std::uint64_t pieces_ = 0;
    bool watching_ = false;
    bool paused_ = false;  // nothing has followed for a while
    bool ended_ = false;
    bool broken_ = false;
};

class SyslogTarget final : public Receiver {
  public:
    SyslogTarget(const ReceiverDeps& deps, const ScrapeConfig& scrape)
        : deps_(deps),
          job_(scrape.job_name),
          config_(*scrape.syslog),
          feed_(
              deps, scrape, config_.labels, [](std::uint64_t) {}, [this] { read_on(); }),
          names_(deps.clock, deps.executor, deps.strand, [this] { read_on(); }),
          datagrams_(deps,
                     job_,
                     [this](const net::Datagram& datagram) { return take_datagram(datagram); }),
          complaints_(deps.clock, job_),
          refusals_(deps.clock, job_),
          entries_(deps.metrics.counter("promtail_syslog_target_entries_total",
                                        "Messages that were received over syslog.")),
          errors_(deps.metrics.counter("promtail_syslog_target_parsing_errors_total",
                                       "What came over syslog and could not be understood.")),
          empty_(deps.metrics.counter("promtail_syslog_empty_messages_total",
                                      "Messages of syslog without a text.")) {
        wants_address_ = feed_.reads(kAddressLabel);
        wants_name_ = feed_.reads(kNameLabel);
        for (Field& field : fields_) {
            field.label = absl::StrCat(std::string(kMessagePrefix), field.label);
            field.wanted = feed_.reads(field.label);
        }
    }

    Status start() override {
        if (config_.udp) {
            return datagrams_.start({.address = config_.listen_host, .port = config_.listen_port});
        }
        net::TcpOptions options;
        options.address = config_.listen_host;
        options.port = config_.listen_port;
        options.idle_timeout = config_.idle_timeout;
        LOGI_ASSIGN_OR_RETURN(options.tls, server_tls(config_.tls));
        LOGI_ASSIGN_OR_RETURN(
            server_,
            net::TcpServer::start(
                options,
                [this](const std::string& address) {
                    return std::make_shared<Connection>(
                        *this, address, static_cast<std::size_t>(config_.message_bytes_max));
                },
                [this](const std::string& address, const std::string& why) {
                    refusals_.say("a connection is refused", address, why);
                }));
        return absl::OkStatus();
    }

    void shutdown() override {
        datagrams_.shutdown();
        if (server_ != nullptr) {
            server_->shutdown(kSyslogDrainTime);
        }
    }

    void read_on() override {
        datagrams_.read_on();
        // What still has no room waits again.
        std::deque<std::shared_ptr<Connection>> waiting = std::exchange(waiting_, {});
        while (!waiting.empty()) {
            const std::shared_ptr<Connection> connection = std::move(waiting.front());
            waiting.pop_front();
            connection->work();
        }
    }

    void finish() override {
        finishing_ = true;
        read_on();
        feed_.release_all();
    }

    [[nodiscard]] ReceiverStatus status() const override {
        return {job_,
                "syslog",
                absl::StrCat(config_.udp ? "udp " : "tcp ",
                             server_ != nullptr ? server_->address() : datagrams_.address()),
                server_ == nullptr ? std::string()
                                   : absl::StrCat(server_->connections(), " connections")};
    }

    [[nodiscard]] const ReceiverDeps& deps() const { return deps_; }
    [[nodiscard]] bool can_take(const std::string& address) {
        return finishing_ ||
               (feed_.has_room() && (!wants_name_ || names_.find(address) != nullptr));
    }
    void wait(std::shared_ptr<Connection> connection) { waiting_.push_back(std::move(connection)); }

    void take(const SyslogFramer::Frame& frame, const std::string& address) {
        switch (frame.kind) {
            case SyslogFramer::Kind::kMessage:
                take_message(frame.text, address);
                break;
            case SyslogFramer::Kind::kTooLong:
                fail(address,
                     absl::StrCat("a message is longer than max_message_length, which is ",
                                  config_.message_bytes_max),
                     frame.text);
                break;
            case SyslogFramer::Kind::kBroken:
                fail(address, "a length was expected before a message", frame.text);
                break;
            case SyslogFramer::Kind::kNothing:
                break;
        }
    }

  private:
    struct Field {
        std::string label;
        bool wanted = false;
    };
    enum FieldNumber { kSeverity, kFacility, kHostname, kAppName, kProcId, kMsgId, kFields };

    bool take_datagram(const net::Datagram& datagram) {
        if (!can_take(datagram.from)) {
            return false;
        }
        SyslogFramer framer(static_cast<std::size_t>(config_.message_bytes_max));
        framer.add(datagram.bytes);
        while (true) {
            const SyslogFramer::Frame frame = framer.next_at_end();
            if (frame.kind == SyslogFramer::Kind::kNothing) {
                return true;
            }
            take(frame, datagram.from);
        }
    }

    void fail(const std::string& address, const std::string& error, std::string_view text) {
        errors_.add();
        complaints_.say("a message of syslog is left out",
                        address,
                        absl::StrCat(error, ": ", valid_utf8(text.substr(0, 100))));
    }

    void take_message(std::string_view text, const std::string& address) {
        const auto message = config_.format == SyslogFormat::kRfc5424
                                 ? parse_rfc5424(text)
                                 : parse_rfc3164(text, deps_.clock.now());
        if (!message.ok()) {
            fail(address, std::string(message.status().message()), text);
            return;
        }
        if (message->text.empty()) {
            empty_.add();
            return;
        }
        entries_.add();
        const MessageFeed::StreamPtr stream = feed_.stream_of(pairs_of(*message, address));
        if (stream == nullptr) {
            feed_.pass_over();
            return;
        }
        const bool whole = config_.use_rfc5424_message && config_.format == SyslogFormat::kRfc5424;
        feed_.take(whole ? text : message->text,
                   *stream,
                   config_.use_incoming_timestamp ? message->time : std::nullopt);
    }

    std::vector<LabelPair> pairs_of(const SyslogMessage& message, const std::string& address) {
        std::vector<LabelPair> pairs;
        if (wants_address_) {
            pairs.push_back({kAddressLabel, address});
        }
        if (wants_name_) {
            const std::string* name = names_.find(address);
            pairs.push_back({kNameLabel, name == nullptr ? std::string() : *name});
        }
        const std::array<std::string_view, kFields> values = {severity_name(message.severity),
                                                              facility_name(message.facility),
                                                              message.hostname,
                                                              message.app_name,
                                                              message.proc_id,
                                                              message.msg_id};
        for (std::size_t i = 0; i < kFields; ++i) {
            if (fields_[i].wanted && !values[i].empty()) {
                pairs.push_back({fields_[i].label, std::string(values[i])});
            }
        }
        if (config_.label_structured_data) {
            for (const SyslogParameter& each : message.parameters) {
                std::string name =
                    absl::StrCat(std::string(kMessagePrefix),
                                 "sd_",
                                 absl::StrReplaceAll(std::string(each.id), {{"@", "_"}}),
                                 "_",
                                 std::string(each.name));
                if (feed_.reads(name)) {
                    pairs.push_back({std::move(name), each.value});
                }
            }
        }
        return pairs;
    }

    const ReceiverDeps deps_;
    const std::string job_;
    const SyslogConfig config_;
    MessageFeed feed_;
    PeerNames names_;
    Datagrams datagrams_;
    Complaints complaints_;
    Complaints refusals_;  // of the server's thread
    base::Counter entries_;
    base::Counter errors_;
    base::Counter empty_;
    std::array<Field, kFields> fields_ = {
        {{"severity"}, {"facility"}, {"hostname"}, {"app_name"}, {"proc_id"}, {"msg_id"}}};
    bool wants_address_ = false;
    bool wants_name_ = false;
    bool finishing_ = false;
    std::deque<std::shared_ptr<Connection>> waiting_;  // for room
    std::unique_ptr<net::TcpServer> server_;
};

void Connection::receive(std::string bytes, Next next) {
    target_.deps().strand.post(
        [self = shared_from_this(), bytes = std::move(bytes), next = std::move(next)]() mutable {
            ++self->pieces_;
            self->paused_ = false;
            self->framer_.add(bytes);
            self->next_ = std::move(next);
            self->work();
        });
}

void Connection::end() {
    target_.deps().strand.post([self = shared_from_this()] {
        self->ended_ = true;
        self->work();
    });
}

SyslogFramer::Frame Connection::next_frame() {
    return ended_ ? framer_.next_at_end() : paused_ ? framer_.next_after_pause() : framer_.next();
}

// At the end there is one message at most, which needs no room.
void Connection::work() {
    while (ended_ || target_.can_take(address_)) {
        const SyslogFramer::Frame frame = next_frame();
        if (frame.kind == SyslogFramer::Kind::kNothing) {
            ask_for_more();
            return;
        }
        broken_ = broken_ || frame.kind == SyslogFramer::Kind::kBroken;
        target_.take(frame, address_);
    }
    target_.wait(shared_from_this());
}

void Connection::ask_for_more() {
    paused_ = false;
    if (next_) {
        std::exchange(next_, nullptr)(!broken_);
    }
    if (framer_.waits() && !ended_ && !watching_) {
        watch_pause();
    }
}

void Connection::watch_pause() {
    watching_ = true;
    target_.deps().executor.post_after(
        kMessagePause,
        [weak = weak_from_this(), pieces = pieces_, &strand = target_.deps().strand] {
            strand.post([weak, pieces] {
                const auto self = weak.lock();
                if (self == nullptr) {
                    return;
                }
                self->watching_ = false;
                if (self->pieces_ == pieces) {
                    self->paused_ = true;
                    self->work();
                } else if (self->framer_.waits() && !self->ended_) {
                    self->watch_pause();
                }
            });
        });
}

}  // namespace

std::unique_ptr<Receiver> make_syslog_target(const ReceiverDeps& deps, const ScrapeConfig& scrape) {
    return std::make_unique<SyslogTarget>(deps, scrape);
}

}  // namespace logi::agent
