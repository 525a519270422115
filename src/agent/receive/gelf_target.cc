#include "agent/receive/gelf_target.h"

#include "absl/strings/str_cat.h"
#include "agent/receive/complaints.h"
#include "agent/receive/datagrams.h"
#include "agent/receive/gelf_message.h"
#include "agent/receive/syslog_message.h"

namespace logi::agent {
namespace {

class GelfTarget final : public Receiver {
  public:
    GelfTarget(const ReceiverDeps& deps, const ScrapeConfig& scrape)
        : clock_(deps.clock),
          job_(scrape.job_name),
          config_(*scrape.gelf),
          feed_(
              deps, scrape, config_.labels, [](std::uint64_t) {}, [this] { read_on(); }),
          datagrams_(deps, job_, [this](const net::Datagram& datagram) { return take(datagram); }),
          complaints_(deps.clock, job_),
          entries_(deps.metrics.counter("promtail_gelf_target_entries_total",
                                        "Messages that were received over GELF.")),
          errors_(deps.metrics.counter("promtail_gelf_target_parsing_errors_total",
                                       "What came over GELF and could not be understood.")) {}

    Status start() override {
        return datagrams_.start({.address = config_.listen_host, .port = config_.listen_port});
    }
    void shutdown() override { datagrams_.shutdown(); }
    void read_on() override { datagrams_.read_on(); }
    void finish() override {
        finishing_ = true;
        read_on();
        feed_.release_all();
    }
    [[nodiscard]] ReceiverStatus status() const override {
        return {job_, "gelf", absl::StrCat("udp ", datagrams_.address()), ""};
    }

  private:
    bool take(const net::Datagram& datagram) {
        if (!finishing_ && !feed_.has_room()) {
            return false;
        }
        if (!GelfChunks::is_chunk(datagram.bytes)) {
            take_whole(datagram.bytes, datagram.from);
            return true;
        }
        const auto whole = chunks_.add(datagram.bytes, datagram.from, clock_.now());
        if (!whole.ok()) {
            fail(datagram.from, std::string(whole.status().message()));
        } else if (whole->has_value()) {
            take_whole(**whole, datagram.from);
        }
        for (std::uint64_t n = chunks_.given_up(clock_.now()); n > 0; --n) {
            fail(datagram.from, "chunks of a message have not come");
        }
        return true;
    }

    void take_whole(std::string_view bytes, const std::string& from) {
        const auto json = gelf_json(bytes);
        const auto message = json.ok() ? parse_gelf(*json) : StatusOr<GelfMessage>(json.status());
        if (!message.ok()) {
            fail(from, std::string(message.status().message()));
            return;
        }
        entries_.add();
        const MessageFeed::StreamPtr stream = feed_.stream_of(pairs_of(*message));
        if (stream == nullptr) {
            feed_.pass_over();
            return;
        }
        feed_.take(*json, *stream, config_.use_incoming_timestamp ? message->time : std::nullopt);
    }

    [[nodiscard]] std::vector<LabelPair> pairs_of(const GelfMessage& message) const {
        std::vector<LabelPair> pairs = {
            {"__gelf_message_level", std::string(severity_name(message.level))},
            {"__gelf_message_host", message.host},
            {"__gelf_message_version", message.version},
            {"__gelf_message_facility", message.facility}};
        std::erase_if(pairs, [this](const LabelPair& pair) {
            return pair.value.empty() || !feed_.reads(pair.name);
        });
        return pairs;
    }

    void fail(const std::string& from, const std::string& error) {
        errors_.add();
        complaints_.say("a message of GELF is left out", from, error);
    }

    const io::Clock& clock_;
    const std::string job_;
    const GelfConfig config_;
    MessageFeed feed_;
    Datagrams datagrams_;
    GelfChunks chunks_;
    Complaints complaints_;
    base::Counter entries_;
    base::Counter errors_;
    bool finishing_ = false;
};

}  // namespace

std::unique_ptr<Receiver> make_gelf_target(const ReceiverDeps& deps, const ScrapeConfig& scrape) {
    return std::make_unique<GelfTarget>(deps, scrape);
}

}  // namespace logi::agent
