// A keep-alive connection to a server on this machine, as cheap as it can be: for what makes load.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logi::bench {

[[noreturn]] void die(const char* what);

// A TCP connection to 127.0.0.1 without Nagle's delay; -1 if nobody is there.
[[nodiscard]] int connect_to(std::uint16_t port);

// One thread at a time. It ends the program when nobody is there at the beginning.
class Connection {
  public:
    explicit Connection(std::uint16_t port);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The status of the answer; 0 when the connection broke: then reconnect(). `answer` gets all of
    // it, with its head.
    int push(std::string_view body, std::string& answer);
    int get(std::string_view target, std::string& answer);
    // False if nobody is there.
    bool reconnect();

  private:
    [[nodiscard]] bool send_all(std::string_view head, std::string_view body) const;
    int receive(std::string& answer) const;

    const std::uint16_t port_;
    int fd_;
};

}  // namespace logi::bench
