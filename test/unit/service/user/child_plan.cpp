#include "service/user/child_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::service::user {
namespace {

const account ada{"ada", "/home/ada", "/bin/bash", "C.UTF-8", false, true};

shell::start_process order(std::string line)
{
    shell::start_process o;
    o.process = shell::process_ref{7};
    o.command_line = std::move(line);
    o.shell_id = "SHELL-1";
    o.command_id = "COMMAND-1";
    return o;
}
bool has(const child_plan& p, const std::string& line)
{
    return std::count(p.environment.begin(), p.environment.end(), line) == 1;
}

TEST(child_plan, runs_the_users_shell_as_a_login_shell)
{
    shell::start_process o = order("echo hi");
    o.login_profile = true;
    const child_plan p = plan_child(o, ada);
    EXPECT_EQ(p.candidates, std::vector<std::string>{"/bin/bash"});
    EXPECT_EQ(p.argv, (std::vector<std::string>{"-bash", "-c", "echo hi"}));
    EXPECT_EQ(p.directory, "/home/ada");
}

TEST(child_plan, runs_no_profile_unless_asked)
{
    shell::start_process o = order("echo hi");
    o.working_directory = "/srv";
    const child_plan p = plan_child(o, ada);
    EXPECT_EQ(p.argv.front(), "bash");
    EXPECT_EQ(p.directory, "/srv");
}

TEST(child_plan, environment_is_made_from_nothing)
{
    const child_plan p = plan_child(order("x"), ada);
    EXPECT_EQ(p.environment.size(), 9U);
    for (const char* line :
         {"HOME=/home/ada", "USER=ada", "LOGNAME=ada", "SHELL=/bin/bash", "LANG=C.UTF-8", "WINRM_SHELL_ID=SHELL-1",
          "WINRM_COMMAND_ID=COMMAND-1", "WINRM_PROCESS_MARK=SHELL-1/COMMAND-1/7"})
        EXPECT_TRUE(has(p, line)) << line;
}

TEST(child_plan, client_replaces_ours_but_not_the_markers_and_not_the_loader)
{
    shell::start_process o = order("x");
    o.environment = {{"LANG", "de_DE.UTF-8"},
                     {"A", "1"},
                     {"A", "2"},
                     {"LD_PRELOAD", "x.so"},
                     {"", "x"},
                     {"B=C", "x"},
                     {"WINRM_COMMAND_ID", "other"},
                     {std::string("N\0L", 3), "x"},
                     {"V", std::string("a\0b", 3)}};
    const child_plan p = plan_child(o, ada);
    EXPECT_TRUE(has(p, "LANG=de_DE.UTF-8"));
    EXPECT_TRUE(has(p, "A=2"));
    EXPECT_TRUE(has(p, "WINRM_COMMAND_ID=COMMAND-1"));
    EXPECT_EQ(p.environment.size(), 10U);
}

TEST(child_plan, the_pam_session_lies_between_ours_and_the_clients)
{
    const char* inherited[] = {"PATH=/usr/bin",
                               "WINRM_PAM_PATH=/opt/bin",
                               "WINRM_PAM_KRB5CCNAME=FILE:/tmp/a=b",
                               "WINRM_PAM_LANG=de_DE",
                               "WINRM_PAM_LD_PRELOAD=x",
                               "WINRM_PAM_GCONV_PATH=/tmp",
                               "WINRM_PAM_LD_AUDIT=x",
                               "WINRM_PAM_LOCPATH=/tmp",
                               "WINRM_PAM_GLIBC_TUNABLES=x",
                               "WINRM_PAM_NLSPATH=/tmp",
                               "WINRM_PAM_",
                               "OTHER=1",
                               "WINRM_PAM_=x",
                               nullptr};
    account who = ada;
    who.session = session_variables(inherited);
    shell::start_process o = order("x");
    o.environment = {{"LANG", "fr_FR"}};
    const child_plan p = plan_child(o, who);
    for (const char* line : {"PATH=/opt/bin", "KRB5CCNAME=FILE:/tmp/a=b", "LANG=fr_FR", "HOME=/home/ada"})
        EXPECT_TRUE(has(p, line)) << line;
    EXPECT_EQ(p.environment.size(), 10U);
    EXPECT_TRUE(session_variables(nullptr).empty());
}

TEST(child_plan, powershell_is_reached_by_its_names_of_windows)
{
    account who = ada;
    who.commands = "/c";
    const std::pair<const char*, const char*> rows[] = {
        {"powershell -enc AA", "'/c/powershell' -enc AA"},
        {"PowerShell.EXE", "'/c/powershell'"},
        {"  pwsh.exe -c 1", "'/c/powershell' -c 1"},
        {R"("C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -c 1)", "'/c/powershell' -c 1"},
        {R"(C:\Windows\powershell -c 1)", "'/c/powershell' -c 1"},
        {"powershell;ls", "'/c/powershell';ls"},
        {"pwsh -c 1", "pwsh -c 1"},
        {"powershellx", "powershellx"},
        {"echo 1 | powershell -", "echo 1 | powershell -"},
        {"\"powershell", "\"powershell"},
        {"", ""},
    };
    for (const auto& [line, wanted] : rows) EXPECT_EQ(reach_powershell(line, who, false), wanted);
    EXPECT_EQ(reach_powershell("echo 1 | PowerShell -", who, true), "PATH=$PATH:'/c'; echo 1 | PowerShell -");
    EXPECT_EQ(reach_powershell("echo 1", who, true), "echo 1");
    EXPECT_EQ(reach_powershell("powershell", ada, true), "powershell");
    who.shell = "/usr/bin/fish";
    EXPECT_EQ(reach_powershell("echo 1 | powershell -", who, true), "echo 1 | powershell -");
    who.shell = "/bin/sh";
    who.powershell = "/opt/pwsh";
    const child_plan p = plan_child(order("powershell 1"), who);
    EXPECT_EQ(p.argv.back(), "'/c/powershell' 1");
    EXPECT_TRUE(has(p, "WINRM_POWERSHELL=/opt/pwsh"));
    EXPECT_TRUE(has(p, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:/c"));
    who.full_shell = false;
    EXPECT_EQ(plan_child(order("powershell 1"), who).argv.back(), "powershell 1");
}

TEST(child_plan, an_account_that_its_shell_restricts_gets_nothing_but_that_shell)
{
    account who = ada;
    who.full_shell = false;
    shell::start_process o = order("echo hi");
    EXPECT_TRUE(may_start(o, who));
    o.environment = {{"LANG", "C"}, {"LC_ALL", "C"}, {"TERM", "xterm"}};
    EXPECT_TRUE(may_start(o, who));
    for (const char* name : {"PATH", "BASH_ENV", "ENV", "GIT_SSH_COMMAND", "LANGX"}) {
        o.environment = {{name, "x"}};
        EXPECT_FALSE(may_start(o, who)) << name;
        EXPECT_TRUE(may_start(o, ada)) << name;
    }
    o = order("");
    o.use_shell = false;
    o.argv = {"/bin/true"};
    EXPECT_FALSE(may_start(o, who));
    EXPECT_TRUE(may_start(o, ada));
}

TEST(child_plan, finds_programs_in_the_childs_path_but_never_in_its_directory)
{
    shell::start_process o = order("");
    o.use_shell = false;
    o.argv = {"tool", "a b", "$HOME"};
    o.environment = {{"PATH", "/one::/two:"}};
    const child_plan p = plan_child(o, ada);
    EXPECT_EQ(p.candidates, (std::vector<std::string>{"/one/tool", "/two/tool"}));
    EXPECT_EQ(p.argv, o.argv);
    o.argv = {"./tool"};
    EXPECT_EQ(plan_child(o, ada).candidates, std::vector<std::string>{"./tool"});
    o.argv = {};
    EXPECT_TRUE(plan_child(o, ada).candidates.empty());
}

} // namespace
} // namespace winrm::service::user
