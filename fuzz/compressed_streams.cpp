// Bytes as the Sends of a compressed shell: each is taken whole or not at all, and what the child reads is what the
// ones that were taken unpack to; what a client unpacks of the same bytes is the same.
#include "shell/compression.h"
#include "shell/server_table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace winrm;

namespace {

const std::string shell_id = "00000000-0000-0000-0000-000000000001",
                  command_id = "00000000-0000-0000-0000-000000000002";

void require(bool holds)
{
    if (!holds) std::abort();
}

class service
{
public:
    service() : table_(options(), [](char* b, std::size_t n) { std::fill(b, b + n, 'r'); }, log_, {})
    {
        shell::create_shell c;
        c.shell_id = shell_id;
        c.compression = shell::xpress_type;
        require(!is_fault(shell::make_create(c)));
        ask(shell::make_command(cmd_, shell_id, {"x", {}, command_id, {}, {}}));
        while (auto o = table_.poll_order())
            if (auto* s = std::get_if<shell::start_process>(&*o)) process_ = s->process;
        table_.process_started(process_, 1, {});
        require(table_.poll_reply().has_value());
    }

    /// @return whether it was taken
    bool send(const std::string& data) { return !is_fault(shell::make_send(cmd_, shell_id, command_id, data, false)); }

    std::string input()
    {
        std::string all;
        while (auto o = table_.poll_order()) {
            auto* w = std::get_if<shell::write_input>(&*o);
            if (w == nullptr) continue;
            all += w->data;
            table_.process_input_taken(process_, {});
        }
        return all;
    }

private:
    static shell::table_options options()
    {
        shell::table_options o;
        o.home = "/home/f";
        return o;
    }

    void ask(wsman::outgoing_request r)
    {
        r.header.message_id = "uuid:f";
        table_.handle_request(shell::request_token{next_++}, wsman::write_request(r), "::1", {});
    }

    bool is_fault(wsman::outgoing_request r)
    {
        ask(std::move(r));
        const auto a = table_.poll_reply();
        require(a.has_value());
        return a->is_fault;
    }

    const std::string cmd_{wsman::resource_uri::cmd};
    base::null_log log_;
    std::uint64_t next_ = 1;
    shell::process_ref process_{};
    shell::server_table table_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2 || size > 4096) return -1;
    const std::size_t piece = std::max<std::size_t>(data[0] * 16U, 1);
    base::bytes_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    service host;
    xpress::unpacker ours;
    shell::stream_unpackers client;
    const std::vector<std::string> streams{"stdin"};
    for (int sends = 0; !rest.empty() && sends < 64; ++sends) {
        const std::string one(rest.substr(0, piece));
        rest.remove_prefix(one.size());
        auto tried = ours;
        auto client_tried = client;
        base::bytes plain;
        const bool good = tried.received(one, shell::send_expansion * base::limits{}.envelope, plain).has_value();
        require(host.send(one) == good);
        require(host.input() == (good ? plain : ""));
        std::vector<shell::stream_block> blocks{{"stdin", {}, one, false}};
        require(client_tried.unpack(blocks, streams, shell::send_expansion * base::limits{}.envelope).has_value() ==
                good);
        require(!good || blocks.front().data == plain);
        if (!good) continue;
        ours = std::move(tried);
        client = std::move(client_tried);
    }
    return 0;
}
