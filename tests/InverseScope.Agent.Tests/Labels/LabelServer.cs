using InverseScope.Agent.Chat;
using InverseScope.Agent.Chat.Ollama;
using InverseScope.Agent.Labels;
using InverseScope.Core.Specs;

namespace InverseScope.Agent.Tests.Labels;

/// <summary>A server whose model labels each text as a test says, and reads its prompt as a model would: by its JSON.</summary>
internal sealed class LabelServer : IAsyncDisposable
{
    private readonly List<IDisposable> _open = [];

    private LabelServer(FakeOllama http) => Http = http;

    public FakeOllama Http { get; }

    public FastClock Clock { get; } = new();

    public MemoryLabelCache Cache { get; } = new();

    /// <summary>The texts of each question, in order.</summary>
    public IEnumerable<IReadOnlyList<string>> Asked => Http.Chats.Where(LabelPrompt.IsLabelling).Select(c => (IReadOnlyList<string>)[.. LabelPrompt.TextsIn(c).Select(t => t.Text)]);

    public static async Task<LabelServer> StartAsync(Func<string, string> label)
    {
        var server = new LabelServer(await FakeOllama.StartAsync());
        server.Http.Reply = request => LabelPrompt.Answer(LabelPrompt.TextsIn(request).Select(t => (t.Id, label(t.Text))));
        return server;
    }

    /// <param name="settings">Those that are not the default; null: none.</param>
    public IChat Chat(string? settings = null)
    {
        var options = new ChatOptions { Model = FakeOllama.Model, Address = Http.Address };
        var chat = new Conversation(new OllamaTransport(options, Clock), new ChatModel("ollama", FakeOllama.Model, Http.Digest) { Settings = settings }, options, Clock);
        _open.Add(chat);
        return chat;
    }

    public ChatLabeller Labeller(LabelOptions? options = null, ILabelEmbedder? embedder = null, IChat? chat = null)
    {
        var labeller = new ChatLabeller(chat ?? Chat(), options ?? new LabelOptions(), Cache, embedder);
        _open.Add(labeller);
        return labeller;
    }

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(o => o.Dispose());
        await Http.DisposeAsync();
    }

    /// <summary>Answers by text, for tests that need no more.</summary>
    public static Task<IReadOnlyList<LabelAnswer>> LabelAsync(ChatLabeller labeller, LlmQuestion question, params string[] texts) =>
        labeller.LabelAsync(question, "spec", texts, CancellationToken.None);
}
