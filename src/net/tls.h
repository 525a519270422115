// What a client wants of TLS. At least TLS 1.2 is spoken. Files are PEM.
#pragma once

#include <string>

namespace logi::net {

struct ClientTls {
    std::string ca_file;       // who may vouch for the server; empty: whom the system trusts
    std::string cert_file;     // who we are, with the certificates between; empty: nobody
    std::string key_file;      // of cert_file
    std::string server_name;   // whom the server has to be; empty: as in the address
    bool skip_verify = false;  // talk to whoever answers
};

}  // namespace logi::net
