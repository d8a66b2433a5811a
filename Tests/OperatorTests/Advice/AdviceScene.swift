import Testing

/// One refusal in a story that bash tells.
struct AdviceScene: Sendable {
    let code: String
    /// What the program prints instead, where it says the message as part of another.
    var printed: String?
    /// Brings the system into the state that refuses.
    var state = ""
    let refused: String
    /// What the message says, as far as it is a command or an option; with the story's variables.
    let advice: [String]
    /// The advice as it is typed.
    let carriedOut: String
    /// Refused before, and not any more; absent, it is the very same command.
    var then: String?
    /// The next thing that is missing, when that is another refusal.
    var thenRefused: String?
    /// Leaves the system as the next scene expects it.
    var clean = ""
}

extension AdviceScene {
    /// What the stories are told with. `serve` starts a server again at the port that it had; `door` asks at a server's OpAMP
    /// endpoint as an agent does, with the arguments of `s_client`.
    static let helpers = """
        umask 077
        serve() {
            local name=$1 at=${!1:-127.0.0.1:0}; shift; rm -f $name.log
            mini-server serve --data-dir $name --name $name-region --listen ${at#https://} \\
                --write-admin-token $name.token "$@" > $name.log 2>&1 &
            eval ${name}_server=$!
            until grep -qs '^listening on' $name.log; do kill -0 $!; sleep 0.05; done
            eval "$name=$(sed -n 's/^listening on //p' $name.log)"
        }
        stop() { local server=${1}_server; kill ${!server}; wait ${!server}; }
        ids() { sed -n 's/.*"id" : "\\(.*\\)".*/\\1/p'; }
        row_on() { mini-server agent list --context $1 --json | ids | tail -n 1; }
        open_on() { mini-server handover list --open --context $1 --json | ids | head -n 1; }
        row_of() { mini-server agent list --context eu --query $(cat $1/identity) --json | ids | tail -n 1; }
        key() { mini-server ca list --context eu | awk -v state=$1 '$1 == state { print $NF }' | head -n 1; }
        token() { mini-server bootstrap-token create --context $1; }
        enroll() { token $1 > bootstrap; opamp-agent enroll --config $2 --token-file bootstrap; }
        agent() {
            mini-server ca bundle --context $1 > $1-ca.pem; local at=${!1}
            printf 'server:\\n  endpoint: wss://%s/v1/opamp\\ntls:\\n  ca_file: %s-ca.pem\\n' ${at#https://} $1
            printf 'storage:\\n  directory: %s\\n' $2
        }
        live_on() { mini-server agent list --context $1 | grep -q ' live '; }
        door() {
            local name=$1 at=${!1}; shift
            { printf 'POST /v1/opamp HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/x-protobuf\\r\\n'
              printf '%sContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n' "$header" $(printf "$body" | wc -c)
              printf "$body"
            } | openssl s_client -quiet -connect ${at#https://} "$@" 2> door.log | tr -cd '[:print:]\\n' > door.said || true
            cat door.said; head -n 1 door.said | grep -q ' 200 '
        }
        header= body=

        """

    /// Programs that are started after this see the time that `CLOCK_SHIFT` makes of it, in seconds. `pass` lets hours pass
    /// for everything but the servers that run.
    static let clock = """
        cat > clock.c <<'END'
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>

        int clock_gettime(clockid_t clock, struct timespec *now) {
            int (*own)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
            int result = own(clock, now);
            if (clock == CLOCK_REALTIME) now->tv_sec += atol(getenv("CLOCK_SHIFT"));
            return result;
        }

        int gettimeofday(struct timeval *now, void *zone) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            *now = (struct timeval){time.tv_sec, time.tv_nsec / 1000};
            return 0;
        }

        time_t time(time_t *now) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            if (now) *now = time.tv_sec;
            return time.tv_sec;
        }
        END
        clang -shared -fPIC -o clock.so clock.c
        export CLOCK_SHIFT=0 LD_PRELOAD=$PWD/clock.so
        pass() { CLOCK_SHIFT=$((CLOCK_SHIFT + $1 * 3600)); }

        """
}

extension Shell {
    /// Carries out what each refusal advises.
    func play(_ scenes: [AdviceScene]) async throws {
        for scene in scenes {
            if !scene.state.isEmpty { try await type(scene.state) }
            let said = try await refused(scene.refused)
            #expect(said.contains(scene.printed ?? scene.code), "\(scene.code): \(said)")
            for advice in scene.advice {
                let words = try await type("printf %s \"\(advice.replacing("`", with: "\\`"))\"")
                #expect(said.contains(words), "\(scene.code) does not advise \(words): \(said)")
            }
            try await type(scene.carriedOut)
            let then = scene.then ?? scene.refused
            if let next = scene.thenRefused {
                let said = try await refused(then)
                #expect(said.contains(next), "\(scene.code): \(said)")
            } else {
                try await type(then)
            }
            if !scene.clean.isEmpty { try await type(scene.clean) }
        }
    }
}
