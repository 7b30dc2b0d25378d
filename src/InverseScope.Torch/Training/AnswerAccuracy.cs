namespace InverseScope.Torch.Training;

/// <summary>How well a model does a task on texts that it never saw.</summary>
/// <param name="Texts">Number of held-out texts.</param>
/// <param name="Loss">Mean loss of the answer in nats a token; of all tokens, where the task has no answers.</param>
/// <param name="Right">
/// Share of texts whose answer is the model's first choice at every token, the answer's earlier tokens given; null
/// where the task has no answers.
/// </param>
/// <param name="AboveRival">
/// Share of texts where the answer's first token scores higher than the rival's; null where the task names no rival.
/// </param>
public sealed record AnswerAccuracy(int Texts, double Loss, double? Right, double? AboveRival);
