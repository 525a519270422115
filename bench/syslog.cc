// Machines whose daemons log through syslogd.
#include "corpus.h"
#include "random.h"
#include "streams.h"
#include "text.h"

#include <map>

namespace logi::bench {
namespace {

constexpr std::int64_t kMeanGapNs = 5'000'000;
constexpr std::uint32_t kHosts = 60;

constexpr std::string_view kRoles[] = {"web", "db", "mail", "build", "gw", "cache"};
constexpr std::string_view kUsers[] = {
    "root", "admin", "deploy", "ubuntu", "postgres", "git", "jenkins", "test", "oracle", "guest"};
constexpr std::string_view kUnits[] = {"logrotate.service",
                                       "apt-daily.service",
                                       "man-db.service",
                                       "fstrim.service",
                                       "session-17.scope",
                                       "nginx.service",
                                       "postgresql@15-main.service",
                                       "docker.service",
                                       "systemd-tmpfiles-clean.service",
                                       "certbot.service"};
constexpr std::string_view kCommands[] = {
    "run-parts /etc/cron.hourly",
    "/usr/local/bin/backup --incremental",
    "[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean",
    "test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily",
    "/opt/metrics/collect.sh > /dev/null 2>&1",
    "command -v debian-sa1 > /dev/null && debian-sa1 1 1"};
constexpr std::string_view kKernel[] = {
    "perf: interrupt took too long, lowering kernel.perf_event_max_sample_rate",
    "TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.",
    "EXT4-fs (sda1): re-mounted. Opts: errors=remount-ro",
    "nf_conntrack: nf_conntrack: table full, dropping packet",
    "IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready"};
constexpr std::string_view kDomains[] = {
    "example.com", "example.org", "mail.example.net", "shop.example", "news.example"};

class Syslog final : public Corpus {
  public:
    explicit Syslog(std::uint64_t seed) : random_(seed ^ 0x5751) {}

    void next(Sink& sink) override {
        now_ns_ += static_cast<std::int64_t>(random_.below(2 * kMeanGapNs));
        host_ = static_cast<std::uint32_t>(random_.skewed(kHosts));
        sink_ = &sink;
        const std::uint64_t dice = random_.below(100);
        if (dice < 34) {
            ssh();
        } else if (dice < 52) {
            mail();
        } else if (dice < 66) {
            firewall();
        } else if (dice < 78) {
            cron();
        } else if (dice < 88) {
            systemd();
        } else if (dice < 93) {
            name_server();
        } else if (dice < 97) {
            address_lease();
        } else {
            kernel();
        }
        streams_.drain(sink, now_ns_);
    }

    [[nodiscard]] std::int64_t now_ns() const override { return now_ns_; }
    [[nodiscard]] std::string rare_text() const override { return queue_id_; }

  private:
    std::string host_name() const {
        std::string name(kRoles[host_ % std::size(kRoles)]);
        Text(name) << "-";
        Text(name).padded(host_, 2);
        return name;
    }

    // Begins a line: "Jun  3 06:00:00 web-07 sshd[4711]: ".
    Text begin(std::string_view program, std::uint64_t pid) {
        program_ = program;
        line_.clear();
        calendar_.syslog(now_ns_, line_);
        Text t(line_);
        t << " " << host_name() << " " << program;
        if (pid != 0) {
            t << "[" << pid << "]";
        }
        t << ": ";
        return t;
    }

    void uptime(Text& t) const {
        const auto us =
            static_cast<std::uint64_t>((now_ns_ - kCorpusBeginNs) / 1000 + 81'234'000'000);
        (t << us / 1'000'000 << ".").padded(us % 1'000'000, 6);
    }

    void end() {
        auto& slot = streams_of_[{host_, program_}];
        if (slot == 0) {
            std::string labels = "{facility=\"";
            const bool is_mail = program_.starts_with("postfix");
            Text(labels) << (is_mail                ? "mail"
                             : program_ == "kernel" ? "kern"
                             : program_ == "sshd"   ? "auth"
                             : program_ == "CRON"   ? "cron"
                                                    : "daemon")
                         << "\", host=\"" << host_name() << "\", job=\"syslog\", program=\""
                         << program_ << "\"}";
            slot = streams_.add(*sink_, labels, host_) + 1;
        }
        streams_.entry(slot - 1, now_ns_, line_);
        now_ns_ += static_cast<std::int64_t>(random_.below(2'000'000));
    }

    std::uint64_t pid() { return random_.between(400, 65'000); }
    // A few hundred attackers make most of the noise.
    std::uint64_t foreign_address() { return mix64(random_.skewed(4000)) & 0xFFFFFFFFU; }

    void ssh() {
        const std::uint64_t id = pid();
        const std::uint64_t from = foreign_address();
        const std::uint64_t port = random_.between(1024, 65'535);
        const std::string_view user = random_.pick_skewed(kUsers);
        if (random_.chance(0.8)) {
            const bool invalid = random_.chance(0.6);
            (begin("sshd", id) << "Failed password for " << (invalid ? "invalid user " : "") << user
                               << " from ")
                    .ipv4(from)
                << " port " << port << " ssh2";
            end();
            if (random_.chance(0.5)) {
                (begin("sshd", id) << "Connection closed by authenticating user " << user << " ")
                        .ipv4(from)
                    << " port " << port << " [preauth]";
                end();
            }
            return;
        }
        (begin("sshd", id) << "Accepted publickey for " << user << " from ")
                .ipv4(0x0A000000U | random_.below(1U << 16U))
            << " port " << port << " ssh2: ED25519 SHA256:";
        Text(line_).hex(mix64(host_ + user.size()), 16).hex(mix64(user.size()), 16);
        end();
        begin("sshd", id) << "pam_unix(sshd:session): session opened for user " << user
                          << "(uid=" << 1000 + static_cast<int>(user.size()) << ") by (uid=0)";
        end();
    }

    void mail() {
        queue_id_.clear();
        Text(queue_id_).hex(random_.next(), 11);
        for (auto& c : queue_id_) {
            c = static_cast<char>(c >= 'a' ? c - 32 : c);
        }
        const std::string id = queue_id_;
        const std::string_view domain = random_.pick_skewed(kDomains);
        const std::uint64_t client = foreign_address();
        (begin("postfix/smtpd", pid()) << id << ": client=unknown[").ipv4(client) << "]";
        end();
        begin("postfix/cleanup", pid())
            << id << ": message-id=<" << now_ns_ / 1000 << "." << id << "@" << domain << ">";
        end();
        begin("postfix/qmgr", 1187)
            << id << ": from=<user" << random_.skewed(9000) << "@" << domain
            << ">, size=" << random_.long_tailed(9000) << ", nrcpt=1 (queue active)";
        end();
        const bool deferred = random_.chance(0.08);
        auto t = begin("postfix/smtp", pid());
        t << id << ": to=<user" << random_.skewed(9000) << "@" << random_.pick(kDomains)
          << ">, relay=mx" << random_.below(4) << "." << domain << "[";
        t.ipv4(mix64(domain.size()))
            << "]:25, delay=" << random_.below(9) << "." << random_.below(100) << ", dsn="
            << (deferred ? "4.4.1, status=deferred (connect to mx: "
                           "Connection timed out)"
                         : "2.0.0, status=sent (250 2.0.0 Ok: queued)");
        end();
    }

    void firewall() {
        auto t = begin("kernel", 0);
        t << "[";
        uptime(t);
        t << "] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:";
        t.hex(host_, 2) << ":";
        t.hex(host_ * 7 & 255U, 2) << ":9a:fe:00:00:00:00:00:00:08:00 SRC=";
        t.ipv4(foreign_address()) << " DST=";
        t.ipv4(0x0A000000U + host_)
            << " LEN=" << 40 + static_cast<int>(random_.below(3)) * 12
            << " TOS=0x00 PREC=0x00 TTL=" << random_.between(40, 250)
            << " ID=" << random_.below(65'536) << " PROTO=TCP SPT=" << random_.between(1024, 65'535)
            << " DPT=" << random_.skewed(9000) << " WINDOW=1024 RES=0x00 "
            << "SYN URGP=0";
        end();
    }

    void cron() {
        begin("CRON", pid()) << "(" << random_.pick_skewed(kUsers) << ") CMD ("
                             << random_.pick_skewed(kCommands) << ")";
        end();
    }

    void systemd() {
        const std::string_view unit = random_.pick_skewed(kUnits);
        const std::uint64_t dice = random_.below(10);
        if (dice < 4) {
            begin("systemd", 1) << "Starting " << unit << "...";
            end();
            begin("systemd", 1) << "Finished " << unit << ".";
        } else if (dice < 8) {
            auto t = begin("systemd", 1);
            t << unit << ": Consumed ";
            t.thousandths(random_.long_tailed(800)) << "s CPU time.";
        } else if (dice < 9) {
            begin("systemd", 1) << unit << ": Deactivated successfully.";
        } else {
            begin("systemd", 1) << unit << ": Main process exited, code=exited, status="
                                << random_.between(1, 3) << "/FAILURE";
        }
        end();
    }

    void name_server() {
        begin("named", 612) << "client @0x7f" << host_ << "c04 10.0." << random_.below(32) << "."
                            << random_.below(256) << "#" << random_.between(1024, 65'535)
                            << " (host" << random_.skewed(2000) << "." << random_.pick(kDomains)
                            << "): query: host" << random_.skewed(2000) << "."
                            << random_.pick(kDomains) << " IN "
                            << (random_.chance(0.7) ? "A" : "AAAA") << " + (10.0.0.53)";
        end();
    }

    void address_lease() {
        const std::uint64_t client = random_.skewed(3000);
        auto t = begin("dhcpd", 733);
        t << (random_.chance(0.5) ? "DHCPREQUEST for " : "DHCPACK on ");
        t.ipv4(0x0A100000U + client) << " to 52:54:00:";
        t.hex(mix64(client) & 255U, 2) << ":";
        t.hex(mix64(client) >> 8U & 255U, 2) << ":";
        t.hex(mix64(client) >> 16U & 255U, 2) << " via eth1";
        end();
    }

    void kernel() {
        auto t = begin("kernel", 0);
        t << "[";
        uptime(t);
        t << "] " << random_.pick_skewed(kKernel);
        end();
    }

    Random random_;
    Streams streams_;
    Calendar calendar_;
    std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> streams_of_;  // number + 1
    Sink* sink_ = nullptr;
    std::int64_t now_ns_ = kCorpusBeginNs;
    std::uint32_t host_ = 0;
    std::string_view program_;
    std::string line_;
    std::string queue_id_;
};

}  // namespace

std::unique_ptr<Corpus> make_syslog(std::uint64_t seed) {
    return std::make_unique<Syslog>(seed);
}

}  // namespace logi::bench
