using System.Text.Json;
using InverseScope.Agent.Labels;
using InverseScope.Core;
using OllamaSharp.Models;

namespace InverseScope.Agent.Chat.Ollama;

/// <summary>Embeddings by a model of Ollama's.</summary>
internal sealed class OllamaEmbedder(OllamaTransport transport, ChatOptions options, string digest, TimeProvider clock) : ILabelEmbedder
{
    private readonly ChatResilience _resilience = new(transport, options, clock);

    public string Identity => digest;

    public async Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> labels, CancellationToken cancel)
    {
        try
        {
            var response = await _resilience.RunAsync(
                token => transport.Client.EmbedAsync(new EmbedRequest { Model = options.EmbeddingModel!, Input = [.. labels] }, token), cancel);
            var vectors = response.Embeddings ?? [];
            return vectors.Count == labels.Count && vectors.All(v => v.Length == vectors[0].Length && v.Any(x => x != 0) && v.All(float.IsFinite))
                ? vectors
                : throw new OutsideServiceException($"{options.EmbeddingModel} gave {vectors.Count} embeddings for {labels.Count} labels, or some that are none.");
        }
        catch (ChatFaultException e) when (e.Kind == FaultKind.Rejected)
        {
            throw new BadInputException(
                $"{options.EmbeddingModel} cannot embed labels: {e.Message}", $"Fetch it (ollama pull {options.EmbeddingModel}), or name another model for embeddings.", e);
        }
        catch (Exception e) when (e is ChatFaultException or JsonException)
        {
            throw new OutsideServiceException($"Labels cannot be embedded: {e.Message}", e);
        }
    }
}
