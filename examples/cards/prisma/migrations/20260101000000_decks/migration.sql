-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "TtsJobStatus" AS ENUM ('pending', 'processing', 'completed', 'failed');

-- CreateTable
CREATE TABLE "TtsJob" (
    "id" TEXT NOT NULL,
    "deckId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "status" "TtsJobStatus" NOT NULL DEFAULT 'pending',
    "phrases" JSONB NOT NULL,
    "totalPhrases" INTEGER NOT NULL,
    "processedCount" INTEGER NOT NULL DEFAULT 0,
    "resultUrls" JSONB,
    "errorMessage" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMP(3),
    "completedAt" TIMESTAMP(3),
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "TtsJob_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Card" (
    "id" TEXT NOT NULL,
    "deckId" TEXT NOT NULL,
    "question" TEXT NOT NULL,
    "answers" TEXT[],
    "audioUrlEn" TEXT,
    "audioUrlFr" TEXT,

    CONSTRAINT "Card_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "TtsJob_status_createdAt_idx" ON "TtsJob"("status", "createdAt");

-- CreateIndex
CREATE INDEX "Card_deckId_idx" ON "Card"("deckId");

