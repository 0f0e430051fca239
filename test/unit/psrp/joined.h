// A client's pool and a server's, joined in memory, with a server that understands a few words.
#pragma once

#include "clixml/writer.h"
#include "psrp/client_pool.h"
#include "psrp/server_pool.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace winrm::test {

enum class accident { none, lost, cut, doubled };

class joined
{
public:
    explicit joined(psrp::client_pool_options c = {}, psrp::server_pool_options s = {})
        : client{with_id(std::move(c)), base::system_random()}, server{std::move(s), base::system_random()}
    {}

    /// Carries and plays the server's application until nothing moves, `limit` steps at most. @return steps
    std::size_t settle(std::size_t limit = 10'000)
    {
        std::size_t steps = 0;
        for (bool moved = true; moved && steps < limit;) {
            moved = false;
            while (auto order = client.poll_carry(now)) {
                moved = true;
                ++steps;
                std::visit([&](auto& what) { carry(order->id, what); }, order->what);
            }
            while (auto e = server.poll_event()) {
                moved = true;
                ++steps;
                std::visit([&](auto& what) { serve(what); }, *e);
            }
            while (auto out = server.poll_output()) {
                moved = true;
                ++steps;
                to_client(*out);
            }
            while (auto e = client.poll_event()) {
                moved = true;
                ++steps;
                if (auto* call = std::get_if<psrp::host_call_made>(&*e); call != nullptr && on_call) on_call(*call);
                events.push_back(std::move(*e));
            }
        }
        return steps;
    }
    template <class Event> std::vector<Event> all() const
    {
        std::vector<Event> found;
        for (const auto& e : events)
            if (const auto* x = std::get_if<Event>(&e)) found.push_back(*x);
        return found;
    }
    std::vector<std::string> outputs(const base::uuid& id) const
    {
        std::vector<std::string> found;
        for (const auto& o : all<psrp::pipeline_output>())
            if (o.pipeline == id) found.push_back(o.value.as<std::string>().value_or(clixml::write(o.value)));
        return found;
    }
    std::optional<psrp::invocation_state> end_of(const base::uuid& id) const
    {
        for (const auto& s : all<psrp::pipeline_state_changed>())
            if (s.pipeline == id && psrp::is_end(s.state)) return s.state;
        return std::nullopt;
    }

    psrp::client_pool client;
    psrp::server_pool server;
    base::time_point now{};
    std::vector<psrp::pool_event> events;
    std::vector<winrm::error> server_errors;
    std::function<void(psrp::host_call_made&)> on_call;
    /// What happens to the n-th piece that is carried, either way.
    accident what_happens = accident::none;
    std::size_t happens_to = 0;
    std::size_t pieces = 0;
    std::map<base::uuid, std::string> running; ///< scripts that wait for something

private:
    static psrp::client_pool_options with_id(psrp::client_pool_options o)
    {
        if (o.id == base::uuid{}) o.id = base::uuid::random(base::system_random());
        return o;
    }

    std::vector<base::bytes> through(base::bytes piece)
    {
        const bool now_it_happens = what_happens != accident::none && pieces == happens_to;
        ++pieces;
        if (!now_it_happens) return {std::move(piece)};
        if (what_happens == accident::lost) return {};
        if (what_happens == accident::cut) return {piece.substr(0, piece.size() / 2)};
        return {piece, piece};
    }
    void to_server(const std::optional<base::uuid>& pipeline, psrp::carry_stream of, const base::bytes& fragments)
    {
        for (const auto& piece : through(fragments))
            if (auto done = server.received(pipeline, of, piece); !done) server_errors.push_back(done.error());
    }
    void to_client(const psrp::server_output& out)
    {
        for (const auto& piece : through(out.fragments)) client.received(out.pipeline, piece);
    }

    using stream = psrp::carry_stream;
    void carry(psrp::carry_id id, psrp::carry_open& o)
    {
        to_server({}, stream::normal, o.fragments);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_connect& o)
    {
        auto answer = server.connect(o.fragments);
        if (!answer) return client.handle_failure(id, answer.error());
        for (const auto& piece : through(*answer)) client.received({}, piece);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_connect_pipeline&) { client.handle_done(id); }
    void carry(psrp::carry_id id, psrp::carry_pipeline& o)
    {
        to_server(o.pipeline, stream::normal, o.fragments);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_data& o)
    {
        to_server(o.pipeline, o.stream, o.fragments);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_stop& o)
    {
        server.stop(o.pipeline);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_close_pipeline& o)
    {
        server.close_pipeline(o.pipeline);
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_close&)
    {
        server.close();
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_disconnect&)
    {
        server.disconnect();
        client.handle_done(id);
    }
    void carry(psrp::carry_id id, psrp::carry_reconnect&)
    {
        server.reconnect();
        client.handle_done(id);
    }

    // the server's application
    void serve(psrp::opening_asked& e)
    {
        if (e.init.application_arguments.is_null()) server.opened();
        else server.refuse(psrp::error_record::make("no", "Refused", psrp::error_category::permission_denied));
    }
    void serve(psrp::pipeline_asked& e)
    {
        const auto& id = e.pipeline;
        if (std::holds_alternative<psrp::get_command_metadata>(e.what)) {
            server.output(id, psrp::command_metadata_count{1}.to_value());
            psrp::command_metadata c;
            c.name = "Get-It";
            c.parameters.push_back({"Name", "System.String", {"n"}, false, false});
            server.output(id, c.to_value());
            return server.end(id, psrp::invocation_state::completed);
        }
        const auto& p = std::get<psrp::pipeline>(e.what);
        const std::string& text = p.commands.front().text;
        if (text == "wait" || text == "input") {
            running[id] = text;
        } else if (text == "streams") {
            server.output(id, clixml::value{"out"});
            server.error(id, psrp::error_record::make("err", "Id", psrp::error_category::open_error));
            for (const auto kind : {psrp::informational_kind::debug, psrp::informational_kind::verbose,
                                    psrp::informational_kind::warning})
                server.informational(id, {kind, "words", {}, {}, {}, {}});
            psrp::information_record info;
            info.message_data = clixml::value{"info"};
            server.information(id, info);
            server.progress(id, {"act", 1, -1, "st", {}, 50, 3, psrp::progress_type::processing});
            server.end(id, psrp::invocation_state::completed);
        } else if (text == "secret") {
            running[id] = text;
            server.request_keys();
            server.call_host(id, psrp::host_method::read_line_as_secure_string, {});
        } else if (text == "throw") {
            server.end(id, psrp::invocation_state::failed,
                       psrp::error_record::make("thrown", "T", psrp::error_category::not_specified));
        } else {
            for (const auto& a : p.commands.front().parameters) server.output(id, a.value);
            server.end(id, psrp::invocation_state::completed);
        }
    }
    void serve(psrp::input_came& e) { server.output(e.pipeline, e.value); }
    void serve(psrp::input_ended& e) { server.end(e.pipeline, psrp::invocation_state::completed); }
    void serve(psrp::stop_asked& e) { server.end(e.pipeline, psrp::invocation_state::stopped); }
    void serve(psrp::reset_asked& e) { server.answer_reset(e.call, true); }
    void serve(psrp::host_answered& e)
    {
        if (!e.pipeline) return;
        if (e.response.exception) {
            server.end(*e.pipeline, psrp::invocation_state::failed, e.response.exception);
            return;
        }
        auto text = server.reveal(*e.response.returned);
        server.output(*e.pipeline, clixml::value{text ? text->reveal() : base::bytes_view{to_string(text.error())}});
        server.end(*e.pipeline, psrp::invocation_state::completed);
    }
    template <class Other> void serve(Other&) {}
};

} // namespace winrm::test
